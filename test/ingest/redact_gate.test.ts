import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../ingest/provider.ts";
import { mayHold } from "../../ingest/redact/gate.ts";
import type { Sink } from "../../ingest/redact/match.ts";
import { createNames, PLAIN } from "../../ingest/redact/names.ts";
import { type Rebuilder, rebuild } from "../../ingest/redact/rebuild.ts";
import { shapes } from "../../ingest/redact/shapes.ts";
import { createTextCleaner } from "../../ingest/redact/text.ts";

const ignore: Sink = { add() {} };
const names = createNames([]);
/** The cleaner itself, with no first look before it, at any depth. */
const clean = createTextCleaner(names, (value, depth, sink) => {
  const at: Rebuilder = { names, clean: (s) => clean(s, sink, depth), sink, path: [] };
  const copy = JSON.stringify(rebuild(value as Json, at, depth, PLAIN, null));
  return copy === JSON.stringify(value) ? null : copy;
});

const ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const word = fc.constantFrom(
  ..."password passwd pwd pass pw passphrase passcode passwort pswd userpass clientSecret accessToken jwt samlResponse assertion csrf xsrf apikey x-api-key authkey access-key secretKey keyMaterial authorization xauth cookie credential connectionString connstr dsn otp totp authcode nextToken clientToken sig sas session sid seed verifier plaintext mfa_code key keys user id name value Bearer Basic the of GET https arn aws iam region eu-west-1 example.com -u --user curl invalid leaked AKIAIOSFODNN7EXAMPLE header amz oauth_code code mnemonic kubeconfig dockercfg recovery_phrase ssid PHPSESSID openai_key acme_key --password --api-key -u& command".split(
    " ",
  ),
);
const sign = fc.constantFrom(
  ...[
    ..." =:/-_.,;&?\"'[]{}@%\\\n\t|~+#()<>!",
    "://",
    "\\n",
    "\u2003",
    "é",
    "\u00a0",
    "😀",
    '="',
    '":"',
    "&gt;",
    "&quot;",
    "&#61;",
    "&lt;/",
    "%3D",
    "\\u003d",
    "</",
  ],
);
const drawn = (of: string): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...of), minLength: 1, maxLength: 64 });
const run = fc.oneof(drawn(ALNUM), drawn("0123456789abcdef"), drawn(`${ALNUM}_-`), drawn("0123456789"));
const literal = fc.constantFrom(...shapes.flatMap((s) => s.at));
const keyed = fc.tuple(literal, run).map(([begin, rest]) => begin + rest);
const encoded = fc.tuple(word, drawn(ALNUM)).map(([name, value]) => Buffer.from(`${name}=${value}`).toString("base64"));
const text = fc.array(fc.oneof(word, word, sign, sign, sign, run, keyed, encoded), { minLength: 1, maxLength: 8 });

test("what passes the first look is left as it is by the cleaner", () => {
  fc.assert(
    fc.property(text, (parts) => {
      const s = parts.join("");
      if (!mayHold(s, null)) expect(clean(s, ignore)).toBe(s);
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  "/subscriptions/0/resourceGroups/rg-example/providers/Microsoft.KeyVault/vaults/example",
  "https://example-vault.vault.azure.net/secrets/db-password/0123456789abcdef0123456789abcdef",
  "secretsmanager.amazonaws.com",
  "authentication.kubernetes.io/credential-id",
  "projects/project-example/serviceAccounts/billing@example.com/keys/0123456789abcdef0123456789abcdef01234567",
])("a word that names nothing's value does not stop the first look: %s", (s) => expect(mayHold(s, null)).toBe(false));

test.each([
  ["ran curl -u admin:hunter2x https://api.example.com", "hunter2x"],
  ["/callback?csrf=Zx81hYt29LmQ", "Zx81hYt29LmQ"],
  ["pswd=hunter2x9", "hunter2x9"],
  ["/cb?code=q7Zt0Lw3Vx9Kd2Rm5Bn8", "q7Zt0Lw3Vx9Kd2Rm5Bn8"],
  ["<pw>hunter2x9</pw>", "hunter2x9"],
  ["mnemonic=hunter2x9", "hunter2x9"],
  ["pwValue=hunter2x9", "hunter2x9"],
  ['["curl","-u","admin:hunter2x"]', "hunter2x"],
  ["?command=-u&command=admin:hunter2x", "hunter2x"],
  ["?command=-pw&command=hunter2x", "hunter2x"],
])("the first look stops at every word that the cleaner knows: %s", (s, secret) => {
  expect(mayHold(s, null)).toBe(true);
  expect(clean(s, ignore)).not.toContain(secret);
});
