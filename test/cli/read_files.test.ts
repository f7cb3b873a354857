import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../schemas/package_root.ts";

const folder = mkdtempSync(join(tmpdir(), "keywatch-read-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["before the first file", 0],
  ["in the first file", 1],
  ["in a later one", 12],
])("a reading that is broken off %s lets the process end", (_, blocks) => {
  const record = (n: number): string =>
    `${JSON.stringify({ timestamp: 1_772_446_530 + n, action: "report.export", key_id: "k1", result: "success", n })}\n`;
  for (const file of ["a", "b", "c", "d"])
    writeFileSync(
      join(folder, `${file}.ndjson`),
      Array.from({ length: 2_000 }, (_none, n) => record(n) + file).join("\n"),
    );
  const script = `
    const { readFiles } = await import(${JSON.stringify(join(packageRoot, "cli", "read_files.ts"))});
    const { ingestParts } = await import(${JSON.stringify(join(packageRoot, "cli", "parts.ts"))});
    const { config } = await import(${JSON.stringify(join(packageRoot, "schemas", "config.ts"))});
    const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });
    const out = { line() {}, note() {}, progress() {}, color: false, width: 100 };
    const stop = new AbortController();
    if (${blocks} === 0) setImmediate(() => stop.abort());
    let n = 0;
    const reading = readFiles(parts, { paths: [${JSON.stringify(folder)}], provider: "generic", out, now: Date.now, signal: stop.signal });
    for await (const block of reading) if (++n === ${blocks}) stop.abort();
    console.log(stop.signal.aborted, n <= ${blocks});`;
  const told = execFileSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 30_000 });
  expect(told.toString()).toBe("true true\n");
});
