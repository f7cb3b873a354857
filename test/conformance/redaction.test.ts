import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createRedactor } from "../../ingest/redact/redactor.ts";

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

describe.skipIf(!present)(title, () => {
  for (const [name, place] of Object.entries(places)) {
    test(`none is left in ${name}`, () => expect(leaking(data.secrets, place)).toEqual([]));
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
    expect(lost.length / data.harmless.length, lost.join("\n")).toBeLessThanOrEqual(0.05);
  });
});
