import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SliceBatch } from "../../ingest/sources/batch.ts";
import { hashFile, readFileRecords } from "../../ingest/sources/file.ts";
import { listFiles } from "../../ingest/sources/file_list.ts";

let folder = "";
const at = (...names: string[]) => join(folder, ...names);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "keywatch-file-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(source: string | Readable, chunkCheck?: (batch: SliceBatch) => void) {
  const slices: { text: string; broken: string | null }[] = [];
  for await (const batch of readFileRecords(source)) {
    expect(batch.firstRecord).toBe(slices.length);
    chunkCheck?.(batch);
    for (let i = 0; i < batch.count; i++) {
      slices.push({
        text: batch.data.toString("utf8", batch.starts[i], batch.ends[i]),
        broken: batch.broken[i] ?? null,
      });
    }
  }
  return slices;
}
const good = (...texts: string[]) => texts.map((text) => ({ text, broken: null }));
const write = (name: string, content: string | Buffer) => {
  writeFileSync(at(name), content);
  return at(name);
};
const many = (n: number) =>
  Array.from({ length: n }, (_, i) => `{"id":${i},"noise":"${createHash("sha256").update(String(i)).digest("hex")}"}`);

describe("listFiles", () => {
  beforeAll(() => {
    mkdirSync(at("tree", "a", "deep"), { recursive: true });
    mkdirSync(at("tree", ".hidden"));
    mkdirSync(at("empty"));
    for (const name of [
      "a/x.json",
      "a/deep/y.ndjson.gz",
      "b.LOG",
      "c.txt",
      "d.jsonl",
      "picture.png",
      ".e.json",
      ".hidden/f.json",
    ])
      writeFileSync(at("tree", name), "");
    symlinkSync(at("tree"), at("tree", "a", "circle"));
  });

  test("takes logs from folders with all below, sorted, no hidden ones, and ends in a circle of links", async () => {
    expect(await listFiles([at("tree")])).toEqual({
      files: ["a/deep/y.ndjson.gz", "a/x.json", "b.LOG", "c.txt", "d.jsonl"].map((name) => at("tree", name)),
      missing: [],
      others: 1,
    });
  });

  test.each([
    ["*.txt", ["c.txt"]],
    ["**/*.json", ["a/x.json"]],
    ["**/*.{json,jsonl}", ["a/x.json", "d.jsonl"]],
    ["[bc].*", ["b.LOG", "c.txt"]],
    ["a/**", ["a/deep/y.ndjson.gz", "a/x.json"]],
    ["?.jsonl", ["d.jsonl"]],
    ["pic*", ["picture.png"]],
  ])("matches %s", async (pattern, names) => {
    const { files } = await listFiles([at("tree", pattern)]);
    expect(files.filter((f) => !f.includes("circle"))).toEqual(names.map((name) => at("tree", name)));
  });

  test("takes rotated and word-bearing names, and no half-written ones", async () => {
    mkdirSync(at("names"));
    const taken = ["a.log.1", "a.log-20260101", "b.log.2.gz", "c.json.cloudtrail.gz"];
    for (const name of [...taken, "d.json.tmp", "e.gz", "f.json.bak"]) writeFileSync(at("names", name), "");
    const { files, others } = await listFiles([at("names")]);
    expect([files, others]).toEqual([taken.map((name) => at("names", name)).sort(), 3]);
  });

  test("takes a file named outright whatever its name, once, and passes standard input through", async () => {
    expect((await listFiles([at("tree", "picture.png"), at("tree", "..", "tree", "picture.png"), "-"])).files).toEqual([
      "-",
      at("tree", "picture.png"),
    ]);
  });

  test("reports what matches nothing: a path, a pattern, a folder without logs, a socket", async () => {
    const server = createServer().listen(at("s.sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    const paths = [at("nowhere.json"), at("tree", "*.none"), at("empty"), at("s.sock")];
    expect(await listFiles(paths)).toEqual({ files: [], missing: paths, others: 0 });
    server.close();
  });
});

describe("readFileRecords", () => {
  test("reads plain, gzip under any name, members one after another, gzip inside gzip, and an empty file", async () => {
    expect(await read(write("plain.json", '{"Records":[{"a":1},{"a":2}]}'))).toEqual(good('{"a":1}', '{"a":2}'));
    expect(await read(write("zipped.json", gzipSync('{"a":1}\n{"a":2}')))).toEqual(good('{"a":1}', '{"a":2}'));
    const members = Buffer.concat(['{"a":1}\n', '{"a"', ":2}\n"].map((part) => gzipSync(part)));
    expect(await read(write("members.gz", members))).toEqual(good('{"a":1}', '{"a":2}'));
    expect(await read(write("twice.gz", gzipSync(gzipSync('{"a":1}'))))).toEqual(good('{"a":1}'));
    expect(await read(write("empty.json", ""))).toEqual([]);
    expect(await read(write("named.gz", '{"a":1}'))).toEqual(good('{"a":1}'));
  });

  test("reads a stream, compressed or not, in any chunks", async () => {
    const bytes = gzipSync('{"a":1}\n{"a":2}');
    expect(await read(Readable.from([...bytes].map((b) => Buffer.from([b]))))).toEqual(good('{"a":1}', '{"a":2}'));
    expect(await read(Readable.from([Buffer.from("{"), Buffer.from('"a":1}')]))).toEqual(good('{"a":1}'));
  });

  test("gives out the records of a live stream before it ends", async () => {
    const stream = new Readable({ read() {} });
    const batches = readFileRecords(stream);
    stream.push('{"a":1}\n');
    const first = await batches.next();
    expect(first.value?.count).toBe(1);
    stream.push(null);
    expect((await batches.next()).done).toBe(true);
  });

  test("a truncated gzip gives what could be read and then one broken slice", async () => {
    const lines = many(20_000);
    const path = write("cut.gz", gzipSync(lines.join("\n")));
    truncateSync(path, 700_000);
    const slices = await read(path);
    const broken = slices.filter((s) => s.broken !== null);
    expect(broken.map((s) => s.broken)).toEqual(["gzip ended early"]);
    expect(slices.at(-1)).toBe(broken[0]);
    expect(slices.length).toBeGreaterThan(8_000);
    expect(slices.slice(0, -1).map((s) => s.text)).toEqual(lines.slice(0, slices.length - 1));
  });

  test("a damaged gzip gives what stood before the damage and the reason", async () => {
    const lines = many(20_000);
    const bytes = gzipSync(lines.join("\n"));
    bytes.fill(0xff, 600_000, 600_100);
    const slices = await read(write("damaged.gz", bytes));
    expect(slices.length).toBeGreaterThan(7_000);
    expect(slices.at(-1)!.broken).toMatch(/^gzip is damaged/);
    expect(slices.slice(0, 7_000).map((s) => s.text)).toEqual(lines.slice(0, 7_000));
  });

  test("a zip bomb is read in little memory", async () => {
    const path = write("bomb.gz", gzipSync(Buffer.alloc(200 * 2 ** 20, 32)));
    const before = process.memoryUsage().rss;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    expect(await read(path)).toEqual([]);
    clearInterval(timer);
    expect(peak - before).toBeLessThan(150 * 2 ** 20);
  });

  test("batches own their memory, stay near 1 MB and 2,000 slices, and tell how far the file was read", async () => {
    const lines = many(50_000);
    const path = write("large.ndjson", lines.join("\n"));
    const batches: SliceBatch[] = [];
    const slices = await read(path, (batch) => {
      expect(batch.count).toBeLessThanOrEqual(2_000);
      expect(batch.data.length).toBeLessThanOrEqual(2 ** 20);
      batches.push(batch);
    });
    expect(slices).toEqual(good(...lines));
    const first = batches[0]!;
    expect(first.data.toString("utf8", first.starts[0], first.ends[0])).toBe(lines[0]);
    expect(batches.at(-1)!.bytesRead).toBe(batches.at(-1)!.bytesTotal);
    expect(batches[0]!.bytesTotal).toBe(Buffer.byteLength(lines.join("\n")));
  });

  test("a record longer than a batch is a batch of its own, a 20 MB line of records is split", async () => {
    const long = `{"x":"${"y".repeat(3_000_000)}"}`;
    expect(await read(write("long.json", `[${long},{"a":1}]`))).toEqual(good(long, '{"a":1}'));
    const lines = many(220_000);
    const slices = await read(write("line.json", `{"Records":[${lines.join(",")}]}`));
    expect(slices.length).toBe(lines.length);
    expect(slices.every((s, i) => s.text === lines[i] && s.broken === null)).toBe(true);
  });

  test("a file that cannot be opened is named, with the reason", async () => {
    await expect(read(at("none.json"))).rejects.toThrow(`cannot open ${at("none.json")}: ENOENT`);
    await expect(read(folder)).rejects.toThrow("is a folder");
  });
});

test("hashFile names the content as stored", async () => {
  const bytes = gzipSync("{}");
  expect(await hashFile(write("hash.gz", bytes))).toBe(createHash("sha256").update(bytes).digest("hex"));
});
