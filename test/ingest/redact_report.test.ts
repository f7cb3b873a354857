import { describe, expect, test } from "vitest";
import { createRedactor } from "../../ingest/redact/redactor.ts";
import { emptyReport, redactStream } from "../../ingest/redact/report.ts";

const DRAWN = "q7Zt0Lw3Vx9Kd2Rm5Bn8";
async function* chunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function run(text: string, size = 7, max?: number) {
  const report = emptyReport();
  let out = "";
  for await (const part of redactStream(chunks(text, size), createRedactor(), report, max)) out += part;
  return { out, report };
}

describe("a stream", () => {
  test("keeps its lines and line ends whatever the chunks are", async () => {
    const text = `plain ü line\r\n\n{"a":1,"password":"${DRAWN}"}\npassword=${DRAWN} x\nlast, without an end 203.0.113.7`;
    const expected = `plain ü line\r\n\n{"a":1,"password":"[redacted:password]"}\npassword=[redacted:password] x\nlast, without an end 203.0.113.7`;
    for (const size of [1, 2, 7, 4096]) expect((await run(text, size)).out).toBe(expected);
  });
  test("is counted by kind and place, without values", async () => {
    const { report } = await run(
      `{"a":[{"token":"${DRAWN}"}]}\n{"a":[1,{"token":"${DRAWN}"}]}\npassword: ${DRAWN}\nfine\n`,
    );
    expect(report).toEqual({
      lines: 4,
      exposed: 3,
      kinds: new Map([
        ["token", 2],
        ["password", 1],
      ]),
      places: new Map([
        ["a[].token", 2],
        ["text", 1],
      ]),
    });
  });
  test("loses a private key that spans lines, from the first to the last", async () => {
    const { out } = await run(
      `a\n-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJB\nAKj34GkxFhD9\n-----END RSA PRIVATE KEY-----\nb\n`,
    );
    expect(out.split("\n")).toEqual([
      "a",
      "[redacted:private_key]",
      "[redacted:private_key]",
      "[redacted:private_key]",
      "[redacted:private_key]",
      "b",
      "",
    ]);
  });
  test("cuts a line that is too long between words, and drops words that never end", async () => {
    const long = await run(`${"word ".repeat(300)}\nnext\n`, 64, 512);
    expect(long.out).toBe(`${"word ".repeat(300)}\nnext\n`);
    expect(long.report.lines).toBe(2);
    const endless = await run(`${"x9Zq7Zq".repeat(300)} tail\nnext ${DRAWN.slice(0, 5)}\n`, 64, 512);
    expect(endless.out).not.toContain("Zq7Zq");
    expect(endless.out.endsWith("\nnext q7Zt0\n")).toBe(true);
  });
});
