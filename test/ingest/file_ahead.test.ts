import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SliceBatch } from "../../ingest/sources/batch.ts";
import { readFileRecords } from "../../ingest/sources/file.ts";
import { readAhead } from "../../ingest/sources/file_ahead.ts";
import { packageRoot } from "../../schemas/package_root.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "keywatch-ahead-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** What batches say, without how they were cut. */
async function told(batches: AsyncIterable<SliceBatch>) {
  const slices: [string, string | null][] = [];
  let end: string | null = null;
  try {
    for await (const batch of batches) {
      expect(batch.firstRecord).toBe(slices.length);
      for (let i = 0; i < batch.count; i++)
        slices.push([batch.data.toString("utf8", batch.starts[i], batch.ends[i]), batch.broken[i] ?? null]);
    }
  } catch (error) {
    end = (error as Error).message;
  }
  return { slices, end };
}

const lines = (n: number): string => Array.from({ length: n }, (_, i) => `{"id":${i},"s":"${i % 7}é"}\n`).join("");

describe("a file that is read ahead", () => {
  test.each<[string, () => string]>([
    ["plain", () => write("plain.ndjson", lines(5_000))],
    ["empty", () => write("empty.json", "")],
    [
      "an envelope in gzip",
      () => write("a.json.gz", gzipSync(`{"Records":[${lines(3_000).replaceAll("}\n{", "},{")}]}`)),
    ],
    ["of several megabytes", () => write("large.ndjson.gz", gzipSync(lines(400_000)))],
    [
      "that does not shrink",
      () =>
        write(
          "drawn.ndjson.gz",
          gzipSync(Array.from({ length: 100_000 }, () => `{"r":"${randomBytes(40).toString("base64")}"}\n`).join("")),
        ),
    ],
    ["in gzip in gzip", () => write("twice.gz", gzipSync(gzipSync(lines(2_000))))],
    ["cut off", () => write("cut.ndjson.gz", gzipSync(lines(9_000)).subarray(0, 20_000))],
    ["no JSON", () => write("text.log", `${lines(3)}what is this\n{"id":`)],
    ["that is not there", () => join(folder, "missing.json")],
    ["that is a folder", () => folder],
  ])("gives what it gives when it is read where it is needed: %s", async (_, make) => {
    const path = make();
    const here = await told(readFileRecords(path));
    const ahead = await told(readAhead(path).records());
    expect(ahead.end).toBe(here.end);
    expect(ahead.slices.length).toBe(here.slices.length);
    expect(ahead.slices).toEqual(here.slices);
  });

  test("several at once, some of them left in the middle, each give their own", async () => {
    const paths = [1, 2, 3, 4].map((n) => write(`many${n}.ndjson`, lines(40_000).replaceAll('"id"', `"n${n}"`)));
    const aheads = paths.map(readAhead);
    aheads[3]!.stop();
    const left = aheads[2]!.records();
    expect((await left.next()).done).toBe(false);
    await left.return(undefined);
    for (const n of [1, 2]) {
      const { slices } = await told(aheads[n - 1]!.records());
      expect(slices.length).toBe(40_000);
      expect(slices.every(([text]) => text.startsWith(`{"n${n}"`))).toBe(true);
    }
  });

  test("waits for whoever takes its records", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const pieces = 64;
    const writer = spawn(process.execPath, [
      "-e",
      `const fs = require("fs"), fd = fs.openSync(process.argv[1], "w"), mb = '{"x":"' + "y".repeat(1000) + '"}\\n';
       for (let i = 0; i < ${pieces}; i++) { fs.writeSync(fd, mb.repeat(1000)); process.stdout.write("m"); }`,
      pipe,
    ]);
    let written = 0;
    writer.stdout.on("data", (bytes: Buffer) => {
      written += bytes.length;
    });
    const records = readAhead(pipe).records();
    let taken = (await records.next()).value?.count ?? 0;
    for (let before = -1; before !== written; await sleep(500)) before = written;
    expect(written).toBeGreaterThan(1);
    expect(written).toBeLessThan(16);
    for await (const batch of records) taken += batch.count;
    expect(taken).toBe(pieces * 1_000);
    if (writer.exitCode === null) await once(writer, "close");
    expect(written).toBe(pieces);
  });

  test.each([
    ["keeps no process from ending", []],
    ["is read without a thread where none can be had", ["--permission", "--allow-fs-read=*"]],
  ])("%s", (_, flags) => {
    const module = join(packageRoot, "ingest", "sources", "file_ahead.ts");
    const path = write("left.ndjson", lines(200_000));
    const script = `
      const { readAhead } = await import(${JSON.stringify(module)});
      const left = readAhead(${JSON.stringify(path)});
      let n = 0;
      for await (const batch of readAhead(${JSON.stringify(path)}).records()) n += batch.count;
      left.stop();
      console.log(n);`;
    const args = [...flags, "--input-type=module", "-e", script];
    expect(execFileSync(process.execPath, args, { timeout: 20_000 }).toString()).toBe("200000\n");
  });
});
