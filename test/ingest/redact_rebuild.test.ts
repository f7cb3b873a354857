import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../ingest/provider.ts";
import { createNames, PLAIN } from "../../ingest/redact/names.ts";
import { createNotes, pathText } from "../../ingest/redact/notes.ts";
import { type Rebuilder, rebuild, type Step } from "../../ingest/redact/rebuild.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";
import { sweep } from "../../ingest/redact/sweep.ts";
import { createTextCleaner } from "../../ingest/redact/text.ts";

const names = createNames([]);
const clean = createTextCleaner(names, (value, depth, sink) => {
  const at: Rebuilder = { names, clean: (s) => clean(s, sink, depth), sink, path: [] };
  const copy = JSON.stringify(rebuild(value as Json, at, depth, PLAIN, null));
  return copy === JSON.stringify(value) ? null : copy;
});

/** The whole record rebuilt, with nothing taken over: what goes, and what is reported. */
function rebuiltWhole(record: JsonObject): { raw: string; found: unknown } {
  const path: Step[] = [];
  const notes = createNotes(() => pathText(path));
  const copy = rebuild(record, { names, clean: (s) => clean(s, notes, 0), sink: notes, path }, 0, PLAIN, null);
  return { raw: JSON.stringify(sweep(copy, notes.values, [])), found: notes.found };
}

const name = fc.constantFrom(
  ..."id name value path list user kind data stringData header note password apiKey tokens otp code Cookie 7 __proto__ requestParameters".split(
    " ",
  ),
);
const SECRET = "x9Kq7Zq2mVt4LpW8rZq5";
const leaf = fc.constantFrom<Json>(
  ...["", "a word", "Secret", "password", "Authorization", "apiKey", "--password", "hunter2x9", "123456"],
  ...[SECRET, `Bearer ${SECRET}`, `/v1/x?api_key=${SECRET}`, `{"password":"hunter2x9"}`, "eu-central-1"],
  ...["-----BEGIN RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEAx9Kq7Zq2mVt4LpW8rZq5", "-----END RSA PRIVATE KEY-----"],
  ...[0, 123456, 12345678901234, 0.5, true, null],
);
const value: fc.Arbitrary<Json> = fc.letrec<{ v: Json }>((tie) => ({
  v: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 5, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie("v"), { maxLength: 5 }) },
    { weight: 2, arbitrary: membersOf(tie("v")) },
  ),
})).v;
function membersOf(of: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> {
  return fc
    .array(fc.tuple(name, of), { maxLength: 6 })
    .map(
      (members) =>
        JSON.parse(`{${members.map(([n, v]) => `${JSON.stringify(n)}:${JSON.stringify(v)}`).join(",")}}`) as JsonObject,
    );
}

test("what is taken over without a copy is what a copy of everything would be, and the same is reported", () => {
  const redactor = createRedactor();
  fc.assert(
    fc.property(membersOf(value), (record) => {
      const text = JSON.stringify(record);
      const { raw, found } = redactor.record(text, record, []);
      expect({ raw, found }).toEqual(rebuiltWhole(JSON.parse(text) as JsonObject));
      expect(JSON.stringify(record)).toBe(text);
    }),
    { numRuns: 10_000 },
  );
});
