import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../ingest/provider.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";

const redactor = createRedactor();
const alphabet = [..."ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"];
/** A drawn secret; the mark inside is found again even if only a part was left. */
const secret = fc
  .array(fc.constantFrom(...alphabet), { minLength: 14, maxLength: 40 })
  .map((chars) => `x9${chars.slice(0, 7).join("")}Zq7Zq${chars.slice(7).join("")}`);
const name = fc.constantFrom(
  "password",
  "clientSecret",
  "X-Api-Key",
  "authorization",
  "session_token",
  "Set-Cookie",
  "AWS_SECRET_ACCESS_KEY",
  "PRIVATE-KEY",
  "connectionString",
  "credentials",
);
/** Ways to put a secret below a credential name. */
const wraps: ((s: string) => Json)[] = [
  (s) => s,
  (s) => `Bearer ${s}`,
  (s) => [s],
  (s) => ({ inner: { deep: [s, 1, null] } }),
  (s) => ({ value: s }),
  (s) => JSON.stringify({ x: s }),
  (s) => `"quoted" \\ ${s} ünïcode \u2028 \ud800`,
  (s) => Buffer.from(s).toString("base64"),
];
const places: ((name: string, value: Json) => JsonObject)[] = [
  (n, v) => ({ [n]: v }),
  (n, v) => ({ requestParameters: { list: [{ [n]: v }] } }),
  (n, v) => ({ headers: [{ name: n, value: v }] }),
  (n, v) => ({ body: JSON.stringify({ [n]: v }) }),
  (n, v) => ({ outer: JSON.stringify({ body: JSON.stringify({ [n]: v }) }) }),
  (n, v) => ({ data: Buffer.from(JSON.stringify({ [n]: v })).toString("base64") }),
  (n, v) => JSON.parse(`{"__proto__":{"${n}":${JSON.stringify(v)}}}`) as JsonObject,
];
const json = fc.jsonValue({ maxDepth: 4 }).map((v) => v as Json);
const left = (out: string, s: string): boolean =>
  out.includes(s) || out.includes("Zq7Zq") || out.includes(Buffer.from(s).toString("base64"));

describe("for any record", () => {
  test("raw is JSON and cleaning it again changes nothing", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), fc.array(fc.string(), { maxLength: 2 }), (record, keyIds) => {
        const first = redactor.record(JSON.stringify(record), record as JsonObject, keyIds);
        const again = redactor.record(first.raw, JSON.parse(first.raw) as JsonObject, keyIds);
        expect(again.raw).toBe(first.raw);
        expect(again.found).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
  test("a secret below a credential name is nowhere in raw, found or scrubbed text", () => {
    fc.assert(
      fc.property(
        secret,
        name,
        fc.constantFrom(...wraps),
        fc.constantFrom(...places),
        fc.dictionary(fc.string(), json),
        (s, n, wrap, place, noise) => {
          const record = { ...noise, ...place(n, wrap(s)) } as JsonObject;
          const text = JSON.stringify(record);
          const { raw, found, scrub } = redactor.record(text, JSON.parse(text) as JsonObject, []);
          JSON.parse(raw);
          expect(left(raw, s), raw).toBe(false);
          expect(found.length).toBeGreaterThan(0);
          expect(left(JSON.stringify(found), s)).toBe(false);
          if (raw.includes("[redacted:") && !("data" in record))
            expect(left(scrub(`agent/1.0 ${s} end`), s)).toBe(false);
          const again = redactor.record(raw, JSON.parse(raw) as JsonObject, []);
          expect(again.raw).toBe(raw);
        },
      ),
      { numRuns: 2_000 },
    );
  });
  test("a text cut off anywhere keeps no secret of a named field", () => {
    fc.assert(
      fc.property(secret, name, fc.nat(), (s, n, cut) => {
        const text = JSON.stringify({ a: 1, nested: { [n]: s, z: [1, 2] } });
        const at = text.indexOf("Zq7Zq") + 5;
        expect(left(redactor.text(text.slice(0, at + (cut % (text.length - at)))).text, s)).toBe(false);
      }),
    );
  });
  test("an ordinary record is returned as it came", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.ipV4(), fc.date({ noInvalidDate: true }), fc.nat(), (id, ip, at, n) => {
        const text = JSON.stringify({
          eventID: id,
          sourceIPAddress: ip,
          eventTime: at.toISOString(),
          bytes: n,
          arn: `arn:aws:iam::111122223333:user/u-${n}`,
          ok: true,
        });
        expect(redactor.record(text, JSON.parse(text) as JsonObject, []).raw).toBe(text);
      }),
    );
  });
});

describe("hostile input", () => {
  const MB = 2 ** 20;
  const within = (ms: number, work: () => void): void => {
    const start = performance.now();
    work();
    expect(performance.now() - start).toBeLessThan(ms);
  };
  test.each([
    "a",
    "=",
    ":",
    "a=",
    "key=",
    "password=",
    "password: ",
    "eyJ",
    "eyJ-",
    "eyJhbGciOi.",
    "sk-",
    "AKIA",
    "://",
    "redis://",
    "a:b@",
    "%41",
    "%25",
    '\\"',
    '"',
    "'",
    "{",
    "[",
    "PRIVATE KEY",
    "-----BEGIN ",
    "token ",
    "AAAAAAAAAAAAAAAAAAAAAAA%",
    "s.Abcdefgh1jklmnopqrstuvwx ",
    "aGVsbG8gd29ybGQg",
    'Authorization: Digest a="',
    "é",
    "\ud800",
    " ",
    "0",
    "-us1",
    ":AA",
    "1|",
    "arn:aws:",
    "Cookie: a=b; ",
    "JQQJ99",
    "[redacted:",
    "<password>",
    "<password>a</password>",
    "<a ",
    "&command=--password",
  ])("2 MB of %j is done with in seconds", (part) => {
    const s = part.repeat(Math.ceil((2 * MB) / part.length));
    within(6_000, () => {
      const record = { message: s };
      JSON.parse(redactor.record(JSON.stringify(record), record, []).raw);
    });
  });
  test.each(["a", "eyJ-", "password=", "lorem ipsum dolor "])("20 MB of %j too", (part) => {
    const record = { message: part.repeat(Math.ceil((20 * MB) / part.length)) };
    within(20_000, () => JSON.parse(redactor.record(JSON.stringify(record), record, []).raw));
  });
  test("a nest of 100,000 levels is cut at 64 and stays JSON", () => {
    const text = `${'{"a":['.repeat(50_000)}"${"x9Zq7Zq".repeat(4)}"${"]}".repeat(50_000)}`;
    const { raw } = redactor.record(text, JSON.parse(text) as JsonObject, []);
    expect(raw).toContain("[redacted:too_deep]");
    expect(raw.length).toBeLessThan(1_000);
    JSON.parse(raw);
  });
  test("JSON in JSON in JSON… is followed a few levels and searched by name below", () => {
    let body = JSON.stringify({ password: "x9Zq7Zqx9Zq7Zq" });
    for (let i = 0; i < 8; i++) body = JSON.stringify({ body });
    expect(redactor.record(body, JSON.parse(body) as JsonObject, []).raw).not.toContain("Zq7Zq");
  });
  test("fields named like the language's own stay fields", () => {
    const text =
      '{"__proto__":{"a":1},"constructor":{"prototype":2},"toString":"x","hasOwnProperty":{"password":"x9Zq7Zqx9"}}';
    const { raw } = redactor.record(text, JSON.parse(text) as JsonObject, []);
    expect(raw).toContain('"__proto__":{"a":1}');
    expect(raw).not.toContain("Zq7Zq");
    expect(({} as { a?: number }).a).toBeUndefined();
  });
  test("100,000 secrets of one record go in a few seconds", () => {
    const record = { list: Array.from({ length: 100_000 }, (_, i) => ({ password: `x9Zq7Zq${i}x9`, note: `n${i}` })) };
    within(15_000, () => expect(redactor.record(JSON.stringify(record), record, []).raw).not.toContain("Zq7Zq"));
  });
  test("100,000 field names that are secrets stay apart", () => {
    const record = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, i) => [`ghp_${String(i).padStart(36, "0")}`, i]),
    );
    within(15_000, () =>
      expect(Object.keys(JSON.parse(redactor.record(JSON.stringify(record), record, []).raw))).toHaveLength(100_000),
    );
  });
});
