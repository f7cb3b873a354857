import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../ingest/provider.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";
import { sharedData } from "./shared_data.ts";

const file = fileURLToPath(new URL("../../../shared/data/redaction/secrets.json.gz", import.meta.url));
const present = existsSync(file);
const title = present ? "foreign secrets" : "foreign secrets (skipped: ../shared/data/redaction is not here)";

interface Sample {
  value: string;
  vendor: string;
  shaped: boolean;
}
const data: { secrets: Sample[]; harmless: string[] } = present
  ? JSON.parse(gunzipSync(readFileSync(file)).toString())
  : { secrets: [], harmless: [] };

const redactor = createRedactor();
/** Everything that leaves the redactor for one record, and the value in the forms in which it could still be read. */
function leaks(record: Record<string, unknown>, value: string): boolean {
  const redacted = redactor.record(JSON.stringify(record), JSON.parse(JSON.stringify(record)), []);
  JSON.parse(redacted.raw);
  const out = redacted.raw + JSON.stringify(redacted.found) + redacted.scrub(value);
  return (
    forms(value).some((form) => redacted.raw.includes(form) || JSON.stringify(redacted.found).includes(form)) ||
    out.length === 0
  );
}
const forms = (value: string): string[] => [
  value,
  encodeURIComponent(value),
  Buffer.from(value).toString("base64"),
  Buffer.from(value).toString("base64url"),
];
const leaking = (samples: Sample[], place: (value: string) => Record<string, unknown>): string[] =>
  samples.filter((s) => leaks(place(s.value), s.value)).map((s) => `${s.vendor} ${s.value.slice(0, 12)}`);

const shaped = data.secrets.filter((s) => s.shaped);
const places: Record<string, (value: string) => Record<string, unknown>> = {
  "an Authorization header": (v) => ({ request: { headers: { Authorization: `Bearer ${v}` } } }),
  "a header list": (v) => ({ headers: [{ name: "X-Api-Key", value: v }] }),
  "a header array": (v) => ({ rawHeaders: ["Host", "example.com", "Authorization", `Bearer ${v}`] }),
  "a cookie": (v) => ({ headers: { cookie: `theme=dark; session=${v}` } }),
  "a credential-named field": (v) => ({ requestParameters: { clientSecret: v } }),
  "a nested credential": (v) => ({ credentials: { inner: [{ deep: v }] } }),
  "a URL query": (v) => ({ url: `https://api.example.com/v1/items?limit=5&api_key=${encodeURIComponent(v)}&page=2` }),
  "a URL query, not encoded": (v) => ({
    url: `https://api.example.com/v1/items?access_token=${v.replaceAll("&", "")}`,
  }),
  "a URL's userinfo": (v) => ({ remote: `https://deploy:${encodeURIComponent(v)}@git.example.com/repo.git` }),
  "JSON in a string": (v) => ({ body: JSON.stringify({ user: "ann", password: v }) }),
  "JSON in JSON in a string": (v) => ({ body: JSON.stringify({ message: JSON.stringify({ auth: { token: v } }) }) }),
  "base64 of JSON": (v) => ({ payload: Buffer.from(JSON.stringify({ user: "ann", password: v })).toString("base64") }),
};

/** Values by which ordinary fields name things, drawn at random: as drawn as any key, and never one. */
const hex = (n: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${n}}$`));
const word = fc.stringMatching(/^[a-z][a-z0-9]{2,11}$/);
const ARN = fc
  .tuple(
    fc.constantFrom(
      "iam::111122223333:role",
      "s3:::bucket",
      "kms:eu-central-1:111122223333:key",
      "lambda:us-east-1:111122223333:function",
    ),
    fc.oneof(
      fc.uuid(),
      hex(20),
      fc.tuple(word, word).map((w) => w.join("-")),
    ),
  )
  .map(([of, name]) => `arn:aws:${of}${of.includes(":function") ? ":" : "/"}${name}`);
const ORDINARY: [field: string, values: fc.Arbitrary<string>][] = [
  ...["arn", "resource", "roleArn", "errorMessage"].map((f): [string, fc.Arbitrary<string>] => [f, ARN]),
  ...["requestID", "eventID", "request_id", "correlationId", "traceId"].map((f): [string, fc.Arbitrary<string>] => [
    f,
    fc.oneof(
      fc.uuid(),
      hex(32),
      fc.stringMatching(/^[0-9A-Z]{16}$/),
      fc.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    ),
  ]),
  ...["id", "uuid", "objectId", "keyId"].map((f): [string, fc.Arbitrary<string>] => [f, fc.uuid()]),
  ...["sourceIPAddress", "callerIp", "client_ip"].map((f): [string, fc.Arbitrary<string>] => [
    f,
    fc.oneof(fc.ipV4(), fc.ipV6()),
  ]),
  ...["sha", "commit", "after", "before", "head_sha", "digest", "ref"].map((f): [string, fc.Arbitrary<string>] => [
    f,
    fc.oneof(hex(40), hex(64), hex(7)),
  ]),
];
/** What issuers draw keys from. */
const DRAWN = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9]{20,64}$/),
  fc.stringMatching(/^[A-Za-z0-9_-]{24,64}$/),
  fc.stringMatching(/^[A-Za-z0-9+/]{40,64}={0,2}$/),
  fc.stringMatching(/^[A-Z2-7]{26,52}$/),
  hex(32),
  hex(64),
  fc.uuid(),
);
const CREDENTIAL_NAMES =
  "password secret client_secret accessToken refresh_token api_key X-Api-Key Authorization privateKey db_password webhookSecret sessionToken connectionString";

describe("what is no secret, and what is one whoever issued it", () => {
  test("all ARNs, request ids, UUIDs, addresses and git hashes survive in their normal fields", () => {
    let kept = 0;
    for (const [field, values] of ORDINARY)
      fc.assert(
        fc.property(values, (value) => {
          const record = { [field]: value, nested: { [field]: value, list: [{ [field]: value }] } };
          expect(redactor.record(JSON.stringify(record), record, []).raw).toBe(JSON.stringify(record));
          kept++;
        }),
        { numRuns: 200 },
      );
    console.info(`redaction: ${kept} of ${kept} drawn ARNs, request ids, UUIDs, addresses and hashes survive`);
  });
  test("any drawn value under a credential's name goes", () => {
    fc.assert(
      fc.property(fc.constantFrom(...CREDENTIAL_NAMES.split(" ")), DRAWN, (name, value) => {
        const record = { requestParameters: { [name]: value } };
        expect(redactor.record(JSON.stringify(record), record, []).raw).not.toContain(value);
      }),
      { numRuns: 2_000 },
    );
  });
});

const trail = sharedData("cloudtrail");
test.skipIf(trail === null)(
  "real CloudTrail: every ARN, request id, event id and address of every record survives",
  () => {
    const FIELDS = /"(arn|ARN|requestID|eventID|sourceIPAddress|accountId|principalId)":"((?:[^"\\]|\\.)*)"/g;
    const lost: string[] = [];
    let all = 0;
    for (const folder of readdirSync(trail!).filter((n) => statSync(join(trail!, n)).isDirectory()))
      for (const name of readdirSync(join(trail!, folder)).filter((n) => n.endsWith(".gz"))) {
        const text = gunzipSync(readFileSync(join(trail!, folder, name))).toString();
        for (const record of recordsIn(text)) {
          const line = JSON.stringify(record);
          const raw = redactor.record(line, record, []).raw;
          const wanted = [...line.matchAll(FIELDS)].map((m) => m[0]);
          all += wanted.length;
          lost.push(...wanted.filter((member) => !raw.includes(member)));
        }
      }
    console.info(`redaction: ${all - lost.length} of ${all} ids, ARNs and addresses of real records survive`);
    expect(all).toBeGreaterThan(10_000);
    expect(lost).toEqual([]);
  },
);

function recordsIn(text: string): JsonObject[] {
  try {
    const whole = JSON.parse(text) as JsonObject[] | { Records?: JsonObject[] };
    return Array.isArray(whole) ? whole : (whole.Records ?? [whole as JsonObject]);
  } catch {
    return text
      .split("\n")
      .filter((l) => l.trim() !== "")
      .map((l) => JSON.parse(l) as JsonObject);
  }
}

describe.skipIf(!present)(title, () => {
  for (const [name, place] of Object.entries(places)) {
    test(`none is left in ${name}`, () => {
      const left = leaking(data.secrets, place);
      console.info(`redaction, ${name}: ${data.secrets.length - left.length} of ${data.secrets.length} gone`);
      expect(left).toEqual([]);
    });
  }
  test("none of a known form is left in an error text", () => {
    expect(
      leaking(shaped, (v) => ({ errorMessage: `Invalid API key provided: ${v}. See the documentation.` })),
    ).toEqual([]);
  });
  test("none of a known form is left in base64", () => {
    expect(leaking(shaped, (v) => ({ data: Buffer.from(v).toString("base64") }))).toEqual([]);
  });
  test("none is left in free text and in broken JSON", () => {
    const left = data.secrets.filter(({ value }) =>
      [
        `{"user":"ann","password":${JSON.stringify(value)},"x":`,
        `curl -H "Authorization: Bearer ${value}" https://example.com`,
      ].some((line) => redactor.text(line).text.includes(value)),
    );
    expect(left.map((s) => s.value.slice(0, 12))).toEqual([]);
  });
  test("at least 95 % of what is harmless survives in ordinary fields", () => {
    const lost = data.harmless.filter((h) => {
      const record = { resource: h, list: [h], nested: { message: h } };
      return redactor.record(JSON.stringify(record), record, []).raw !== JSON.stringify(record);
    });
    console.info(
      `redaction: ${data.harmless.length - lost.length} of ${data.harmless.length} harmless strings survive`,
    );
    expect(lost.length / data.harmless.length, lost.join("\n")).toBeLessThanOrEqual(0.05);
  });
});
