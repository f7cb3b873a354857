import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanDeep, escapeHtml, escapeSlack, fitEscaped, oneLine } from "../../alert/clean.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/u;

describe("oneLine", () => {
  test.each([
    ["terminal colours and cursor moves", "a\u001b[31mred\u001b[2J\u001b]0;title\u0007b", "ared0;titleb"],
    ["C1 control sequences", "a\u009b31mb\u0085c", "ab c"],
    ["line breaks of every kind", "a\r\nBcc: x\u2028y\u2029z\vq", "a Bcc: x y z q"],
    ["direction marks", "user\u202egnp.exe\u2066x\u2069", "usergnp.exex"],
    ["zero-width and tag characters", "pay\u200bpal\ufeff\u{e0041}", "paypal"],
    ["half surrogates", "a\ud800b", "ab"],
    ["honest text of any script", "Zürich 東京 🔑 عربى", "Zürich 東京 🔑 عربى"],
  ])("removes %s", (_name, text, clean) => expect(oneLine(text, 100)).toBe(clean));

  test("leaves nothing harmful of any text, and is never longer than asked", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (text, max) => {
        const clean = oneLine(text, max);
        expect(clean.length).toBeLessThanOrEqual(max);
        expect(HARMFUL.test(clean)).toBe(false);
      }),
    );
  });

  test("looks at a megabyte no longer than at a line", () => {
    const started = performance.now();
    expect(oneLine("\u001b[31m<b>".repeat(150_000), 200)).toHaveLength(200);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

test("an escaped text fits and no escape is cut in two", () => {
  for (let max = 1; max < 40; max++) {
    const fitted = fitEscaped("<!channel> & <script>alert('x')</script>".repeat(3), max, escapeSlack);
    expect(fitted.length).toBeLessThanOrEqual(max);
    expect(fitted).not.toMatch(/&(?!amp;|lt;|gt;)|[<>]/);
  }
});

test("HTML cannot be left from inside an attribute or an element", () => {
  expect(escapeHtml(`"><img src=x onerror='a'>&`)).toBe("&quot;&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&amp;");
});

test("cleanDeep cleans every string of a document and keeps its shape", () => {
  expect(cleanDeep({ a: ["x\u001b[1m", 1, null], b: { c: "y\nz" } }, 10)).toEqual({
    a: ["x", 1, null],
    b: { c: "y z" },
  });
});
