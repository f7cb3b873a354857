import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFingerprinter, keyHint, loadPepper, pepperCheck, throwAwayPepper } from "../../ingest/fingerprint.ts";

const pepper = Buffer.from("a pepper made for these tests");
const directory = (): string => mkdtempSync(join(tmpdir(), "keywatch-pepper-"));

describe("fingerprint", () => {
  test("is the first 32 hex digits of HMAC-SHA256 over provider and id", () => {
    const expected = createHmac("sha256", pepper)
      .update("aws_cloudtrail\0AKIAIOSFODNN7EXAMPLE")
      .digest("hex")
      .slice(0, 32);
    const fingerprint = createFingerprinter(pepper);
    expect(fingerprint("aws_cloudtrail", "AKIAIOSFODNN7EXAMPLE")).toBe(`aws_cloudtrail:${expected}`);
    expect(fingerprint("aws_cloudtrail", "AKIAIOSFODNN7EXAMPLE"), "from the cache").toBe(`aws_cloudtrail:${expected}`);
  });
  test("differs by provider, by id and by pepper", () => {
    const [a, b] = [createFingerprinter(pepper), createFingerprinter(throwAwayPepper())];
    expect(new Set([a("x", "1"), a("y", "1"), a("x", "2"), b("x", "1")]).size).toBe(4);
  });
  test("stays the same when the cache has turned over twice", () => {
    const fingerprint = createFingerprinter(pepper);
    const first = fingerprint("p", "key-0");
    for (let i = 1; i < 110_000; i++) fingerprint("p", `key-${i}`);
    expect(fingerprint("p", "key-0")).toBe(first);
  });
});

describe("key hint", () => {
  test.each([
    ["AKIAIOSFODNN7EXAMPLE", "AKIA…MPLE"],
    ["sk_live_0123456789abcdefWXYZ", "sk_live_…WXYZ"],
    ["key-a1b2", "ke…b2"],
    ["abcd", "a…d"],
    ["1", "…"],
    ["", "…"],
    ["//iam.googleapis.com/projects/p/serviceAccounts/a@p.example.com/keys/0123456789abcdef", "0123…cdef"],
    ["AKIA…MPLE", "AKIA…MPLE"],
  ])("of %s is %s", (id, hint) => expect(keyHint(id)).toBe(hint));

  test("never shows more than half of a key", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 80 }).filter((s) => !s.includes("…")),
        (id) => {
          const key = id.slice(id.lastIndexOf("/") + 1);
          expect((keyHint(id).length - 1) * 2).toBeLessThanOrEqual(key.length);
        },
      ),
    );
  });
});

describe("pepper", () => {
  test("is made once, 0600, and read again", () => {
    const at = directory();
    const made = loadPepper({ directory: at, env: {} });
    expect(made.length).toBe(32);
    expect(statSync(join(at, "pepper")).mode & 0o777).toBe(0o600);
    expect(loadPepper({ directory: at, env: {} })).toEqual(made);
    expect(readdirSync(at), "nothing is left aside").toEqual(["pepper"]);
  });
  test("from the environment equals the same text in the file", () => {
    const at = directory();
    const made = loadPepper({ directory: at, env: {} });
    expect(loadPepper({ directory: at, env: { KEYWATCH_PEPPER: readFileSync(join(at, "pepper"), "utf8") } })).toEqual(
      made,
    );
  });
  test("is refused when short", () => {
    expect(() => loadPepper({ directory: directory(), env: { KEYWATCH_PEPPER: "too short" } })).toThrow(/at least 16/);
  });
  test("is refused when others may read it, with the mend", () => {
    const at = directory();
    writeFileSync(join(at, "pepper"), "0".repeat(64));
    chmodSync(join(at, "pepper"), 0o644);
    expect(() => loadPepper({ directory: at, env: {} })).toThrow(/chmod 600/);
  });
  test("is one for processes that start at once", async () => {
    const at = directory();
    const module = fileURLToPath(new URL("../../ingest/fingerprint.ts", import.meta.url));
    const script = `import(process.argv[1]).then((m) => process.stdout.write(m.loadPepper({ directory: process.argv[2], env: {} }).toString("hex")))`;
    const node = process.allowedNodeEnvironmentFlags.has("--experimental-strip-types") ? [] : null;
    const bundled = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
    const run = promisify(execFile);
    const binary = node === null ? bundled : process.execPath;
    const made = await Promise.all(
      Array.from({ length: 4 }, () =>
        run(binary, ["--experimental-strip-types", "--no-warnings", "-e", script, module, at]),
      ),
    );
    expect(new Set(made.map((m) => m.stdout)).size).toBe(1);
    expect(made[0]!.stdout).toMatch(/^[0-9a-f]{64}$/);
  });
  test("has a check value that tells peppers apart and holds nothing of them", () => {
    expect(pepperCheck(pepper)).toBe(pepperCheck(Buffer.from(pepper)));
    expect(pepperCheck(pepper)).not.toBe(pepperCheck(throwAwayPepper()));
    expect(pepperCheck(pepper)).not.toContain(pepper.toString("hex").slice(0, 8));
  });
});
