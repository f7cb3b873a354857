import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../ingest/provider.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";

const DRAWN = "q7Zt0Lw3Vx9Kd2Rm5Bn8q7Zt0Lw3Vx9K";
const HEX = "9f86d081884c7d659a2feaa0c55ad015";
const PASSWORD = "hunter2Secret!";
const UUID = "8f14e45f-ceea-467f-a8d5-3e2f1b0a9c77";

const redactor = createRedactor({ fieldNames: ["patient number"] });
const redact = (record: unknown) =>
  redactor.record(JSON.stringify(record), JSON.parse(JSON.stringify(record)) as JsonObject, []);

describe("a one-time code below the name of what it proves", () => {
  test.each([
    { otp: { code: "482913" } },
    { otp: { code: 482913 } },
    { totp: [{ code: "k3j9-x7" }] },
    { mfa: { code: "482913", method: "app" } },
    { verification: { code: "482 913" } },
    { twoFactor: { Code: 482913 } },
    { body: JSON.stringify({ otp: { code: "482913" } }) },
  ])("goes: %j", (record) => {
    const { raw, found } = redact(record);
    expect(raw).not.toMatch(/482 ?913|k3j9/);
    expect(found).toMatchObject([{ kind: "one_time_code" }]);
    expect(redactor.record(raw, JSON.parse(raw) as JsonObject, []), "cleaned again").toMatchObject({ raw, found: [] });
  });
  test.each([
    { otp: { code: "invalid", status: "sent", length: 6 } },
    { mfa: { code: "E1001", result: "failed" } },
    { verification: { code: 404, error: { code: 482913 } } },
    { auth: { code: 50126 }, status: { code: "482913" }, response: { code: 200 } },
  ])("the code of an outcome stays: %j", (record) =>
    expect(redact(record)).toMatchObject({ raw: JSON.stringify(record), found: [] }),
  );
});

describe("a secret as the name of a field", () => {
  test.each<[record: unknown, path: string]>([
    [{ requestParameters: { api_keys: { [DRAWN]: "alice", [HEX]: "bob" } } }, "requestParameters.api_keys"],
    [{ tokens: { [DRAWN]: { scope: "x" } } }, "tokens"],
    [{ passwords: { [PASSWORD]: 1 } }, "passwords"],
    [{ credentials: { list: [{ [UUID]: true }] } }, "credentials.list[0]"],
    [{ otp: { 482913: null } }, "otp"],
    [{ body: JSON.stringify({ tokens: { [DRAWN]: 1 } }) }, "body"],
  ])("goes below a credential's name: %j", (record, path) => {
    const { raw, found } = redact(record);
    for (const secret of [DRAWN, HEX, PASSWORD, UUID, "482913"])
      expect(raw + JSON.stringify(found)).not.toContain(secret);
    expect(found.map((f) => f.path)).toContain(path);
    expect(redactor.record(raw, JSON.parse(raw) as JsonObject, []), "cleaned again").toMatchObject({ raw, found: [] });
  });
  test("whatever it is drawn from, it is nowhere in raw, in the places found or in scrubbed text", () => {
    const drawn = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9]{24,48}$/).filter((s) => /\d.*\d/.test(s) && /[a-z]/.test(s) && /[A-Z]/.test(s)),
      fc.stringMatching(/^[0-9a-f]{32}$/),
      fc.stringMatching(/^[A-Z2-7]{32}$/).filter((s) => /\d.*\d.*\d/.test(s)),
      fc.uuid(),
      fc.stringMatching(/^[a-z]{6,8}[0-9]{1,4}[!%*?=]$/),
    );
    const name = fc.constantFrom("api_keys", "tokens", "passwords", "credentials", "clientSecrets", "auth", "cookies");
    fc.assert(
      fc.property(drawn, name, fc.jsonValue({ maxDepth: 2 }), (secret, above, value) => {
        for (const record of [
          { a: { [above]: { [secret]: value } } },
          { [above]: { deeper: [{ [secret]: { password: "correct horse" } }] } },
        ]) {
          const { raw, found, scrub } = redact(record);
          const out = raw + JSON.stringify(found) + scrub(`by ${secret} at`);
          expect(out).not.toContain(secret);
          const again = redactor.record(raw, JSON.parse(raw) as JsonObject, []);
          expect(again).toMatchObject({ raw, found: [] });
        }
      }),
    );
  });
  test.each([
    {
      credentials: { accessKeySecretId: "", sessionContext: {}, oauth2ClientName: "", oidcV2Issuer: "", x509Type: "" },
    },
    { auth: { "tls.crt": "", "k8s-prod-v2": "", "user1@example.com": "", "a/b/c": "", "correct horse": "", 0: "" } },
    { labels: { [DRAWN]: "alice", [UUID]: 1 }, resources: { [HEX]: { scope: "x" } } },
  ])("names of fields stay: %j", (record) =>
    expect(redact(record)).toMatchObject({ raw: JSON.stringify(record), found: [] }),
  );
});

describe("a number under a credential's name", () => {
  test.each<[record: unknown, shown: unknown]>([
    [{ password: 12345678901 }, { password: "[redacted:password]" }],
    [
      { otp: 482913, pin: 482913 },
      { otp: "[redacted:one_time_code]", pin: 482913 },
    ],
    [{ password: [1234567890, 1] }, { password: ["[redacted:password]", 1] }],
    [{ credentials: { pin: 482913 } }, { credentials: { pin: "[redacted:credential]" } }],
    [
      { parameters: [{ name: "OTP", value: 4829 }] },
      { parameters: [{ name: "OTP", value: "[redacted:one_time_code]" }] },
    ],
    [{ patientNumber: 17 }, { patientNumber: "[redacted:named_field]" }],
    [{ body: '{"a":1,"apiKey":-12345678}' }, { body: '{"a":1,"apiKey":"[redacted:api_key]"}' }],
    [{ line: 'sent {"otp":482913} to' }, { line: 'sent {"otp":"[redacted:one_time_code]"} to' }],
    [{ line: 'cut \\"password\\": 48291367, \\"a' }, { line: 'cut \\"password\\": \\"[redacted:password]\\", \\"a' }],
    [
      { list: [{ password: 12345678901 }], other: 12345678901, text: "12345678901 too", n: 5 },
      {
        list: [{ password: "[redacted:password]" }],
        other: "[redacted:password]",
        text: "[redacted:password] too",
        n: 5,
      },
    ],
  ])("%j goes", (record, shown) => {
    const { raw, found } = redact(record);
    expect(JSON.parse(raw)).toEqual(shown);
    expect(found).toHaveLength(1);
    expect(redactor.record(raw, JSON.parse(raw) as JsonObject, [])).toMatchObject({ raw, found: [] });
  });
  test.each<[record: Record<string, unknown>]>([
    [{ max_tokens: 128000, input_tokens: 1234567, tokens: 1234567, maxTokens: 4096, prompt_tokens: [15496, 995000] }],
    [
      {
        token_count: 1234567,
        tokensUsed: 1234567,
        password_age: 86400,
        passwordExpires: 1763000000,
        expires: 1763000000,
      },
    ],
    [{ passwords: 4829, secrets: 12000, pass: 1200, session: 482913, key: 1234567 }],
    [{ auth: { lease_duration: 2764800, issue_time: 1763000000, num_uses: 1000000, user_id: 1234567 } }],
    [{ password: 4, token: false, secret: null, otp: 0.4829 }],
    [{ line: 'sent {"max_tokens":128000,"password":4,"otp":null} to' }],
  ])("%j stays", (record) => expect(redact(record)).toMatchObject({ raw: JSON.stringify(record), found: [] }));
});
