import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keptText } from "../../ingest/kept_text.ts";
import type { Json, JsonObject } from "../../ingest/provider.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";

const redactor = createRedactor();
const name = fc.constantFrom("a", "b", "path", "apikey", "n", "__proto__");
const leaf = fc.constantFrom<Json>("x", "a word", 'quoted "', "", 1, 1000, 0.5, true, null, [1, "x"]);
const object: fc.Arbitrary<JsonObject> = fc.letrec<{ o: JsonObject }>((tie) => ({
  o: fc
    .array(fc.tuple(name, fc.oneof({ weight: 3, arbitrary: leaf }, tie("o"))), { maxLength: 5 })
    .map((members) => JSON.parse(written(members)) as JsonObject),
})).o;
const written = (members: [string, Json][]): string =>
  `{${members.map(([n, v]) => `${JSON.stringify(n)}:${JSON.stringify(v)}`).join(",")}}`;

/** What a provider keeps: each member stays, goes (undefined) or changes, by the draws in turn. */
function keptOf(record: JsonObject, draws: readonly number[], at = { n: 0 }): JsonObject {
  const copy: Partial<JsonObject> = { ...record };
  for (const member of Object.keys(record)) {
    if (member === "__proto__") continue;
    const value = record[member]!;
    const draw = draws[at.n++ % draws.length]!;
    if (draw === 0) copy[member] = undefined;
    else if (draw === 1) copy[member] = "[not kept]";
    else if (draw === 2 && typeof value === "object" && value !== null && !Array.isArray(value))
      copy[member] = keptOf(value, draws, at);
  }
  return copy as JsonObject;
}

const draws = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 8 });

describe("what is kept of a record, cut out of its text", () => {
  test("is what JSON.stringify makes of it, however the members stand", () => {
    fc.assert(
      fc.property(object, draws, (record, drawn) => {
        const kept = keptOf(record, drawn);
        expect(JSON.parse(keptText(JSON.stringify(record), record, kept))).toEqual(JSON.parse(JSON.stringify(kept)));
      }),
      { numRuns: 3_000 },
    );
  });

  test("of a text written in any other way nothing that goes comes out of the redactor", () => {
    const spell = fc.constantFrom<(s: string) => string>(
      (s) => JSON.stringify(JSON.parse(s), null, 1),
      (s) => s.replace('"apikey"', '"api\\u006bey"'),
      (s) => s.replace(/^\{/, '{"apikey":"x",').replace(/,\}$/, "}"),
      (s) => s.replace(/^\{/, '{"apikey":"other",').replace(/,\}$/, "}"),
      (s) => s.replace(/1000/g, "1e3"),
    );
    fc.assert(
      fc.property(object, draws, spell, (plain, drawn, spelled) => {
        const text = spelled(JSON.stringify(plain));
        const record = JSON.parse(text) as JsonObject;
        const kept = keptOf(record, drawn);
        const { raw } = redactor.record(keptText(text, record, kept), kept, [], true);
        expect(JSON.parse(raw)).toEqual(JSON.parse(redactor.record(JSON.stringify(kept), kept, [], true).raw));
      }),
      { numRuns: 3_000 },
    );
  });

  test("a header that goes takes its comma along, first, last or alone", () => {
    const cut = (text: string): string => {
      const record = JSON.parse(text) as JsonObject;
      return keptText(text, record, { ...record, apikey: undefined } as unknown as JsonObject);
    };
    expect(cut('{"apikey":"k","a":1}')).toBe('{"a":1}');
    expect(cut('{"a":1,"apikey":"k"}')).toBe('{"a":1}');
    expect(cut('{"a":1,"apikey":"k","b":2}')).toBe('{"a":1,"b":2}');
    expect(cut('{"apikey":"k"}')).toBe("{}");
  });
});
