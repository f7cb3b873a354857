import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor } from "../../ingest/redact/redactor.ts";
import { type Shape, shapes } from "../../ingest/redact/shapes.ts";

const redactor = createRedactor();
const title = (s: Shape): string => `${s.kind} ${s.at[0]}`;
/** What stands around a key is ours to choose here, so the form's conditions on it are left out. */
const bare = (form: string): RegExp =>
  new RegExp(`^(?:${form.replace(/\(\?<?!(?:\[[^\]]*\]|[^)\]])*\)/g, "").replace(/\{(\d+),\}/g, "{$1,120}")})$`);

/** Keys of a shape, drawn from its form; where its literals are common words, those that its narrower pattern takes. */
const keysOf = (shape: Shape): fc.Arbitrary<string> =>
  fc.stringMatching(bare(shape.form)).filter((key) => {
    if (shape.gate !== undefined && !(new RegExp(shape.gate).test(key) && /[A-Za-z0-9+/_-]{20}/.test(key)))
      return false;
    if (shape.guard === undefined) return true;
    return /[0-9]/.test(key) && (shape.guard === "digit" || (/[a-z]/.test(key) && /[A-Z]/.test(key)));
  });

test("keys of at least 60 vendors are told by their form alone", () => {
  const vendors = new Set(shapes.map((s) => s.kind.split("_")[0]!));
  for (const nobody of ["secret", "jwt", "webhook", "age"]) vendors.delete(nobody);
  expect(vendors.size).toBeGreaterThanOrEqual(60);
});

describe("wherever it stands, no key is left of", () => {
  test.each(shapes.map((s) => [title(s), s] as const))("%s", (_, shape) => {
    fc.assert(
      fc.property(keysOf(shape), (key) => {
        const json = JSON.stringify({ message: `Invalid key provided: ${key} (see the documentation)`, list: [key] });
        const { raw, found } = redactor.record(json, JSON.parse(json) as { message: string }, []);
        expect(raw).not.toContain(key);
        // A public id becomes a hint and is no finding.
        if (!shape.public) expect(found.length).toBeGreaterThan(0);
        for (const line of [`${key}`, `url=https://api.example.com/v1?x=${key}&y=2`, `header X: ${key}`])
          expect(redactor.text(line).text).not.toContain(key);
      }),
      { numRuns: 20 },
    );
  });
});
