import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Corpus, writeCorpus } from "./corpus.ts";
import { corpusRecords } from "./corpus_records.ts";

/** Pinned: a change of these bytes is a new corpus; raise VERSION in corpus.ts and say so beside the bench numbers. */
const SHA256_OF_2000 = "f1bd55fad82899f5ce019f9076465f6ffc472d9602a1ce2022219cc73996f249";

let directory: string;
let corpus: Corpus;
const write = (into = directory) => writeCorpus({ directory: into, records: 2000, perFile: 800 });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "keywatch-corpus-"));
  corpus = await write();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test("the uncompressed content is pinned to the byte", () => {
  expect(corpus).toMatchObject({ records: 2000, sha256: SHA256_OF_2000 });
  expect(corpus.files.length).toBe(3);
});

test("files are shaped and named as CloudTrail delivers them, and their names sort by event time", async () => {
  expect([...corpus.files].sort()).toEqual(corpus.files);
  const times: string[] = [];
  let bytes = 0;
  for (const file of corpus.files) {
    expect(file).toMatch(/\/\d{12}_CloudTrail_eu-central-1_\d{8}T\d{4}Z_[0-9a-f]{16}\.json\.gz$/);
    const text = gunzipSync(await readFile(file));
    bytes += text.length;
    const { Records } = JSON.parse(text.toString()) as { Records: { eventTime: string }[] };
    times.push(...Records.map((record) => record.eventTime));
  }
  expect(bytes).toBe(corpus.bytes);
  expect(times.length).toBe(2000);
  expect([...times].sort()).toEqual(times);
});

test("records have the promised mean size, keys, addresses, errors and span", () => {
  const keys = new Set<string | undefined>();
  const sources = new Set<string>();
  let [bytes, errors, count, first, last] = [0, 0, 0, 0, 0];
  for (const { time, text } of corpusRecords(40_000, 42)) {
    const record = JSON.parse(text) as {
      userIdentity: { accessKeyId?: string };
      sourceIPAddress: string;
      errorCode?: string;
    };
    keys.add(record.userIdentity.accessKeyId);
    sources.add(record.sourceIPAddress);
    if (record.errorCode) errors++;
    bytes += text.length;
    first ||= time;
    last = time;
    count++;
  }
  expect(count).toBe(40_000);
  expect(Math.abs(bytes / count - 795)).toBeLessThan(0.02 * 795);
  expect(keys.size).toBeGreaterThan(390);
  expect(sources.size).toBeGreaterThan(2200);
  expect(errors / count).toBeCloseTo(0.04, 2);
  expect((last - first) / 86_400_000).toBeCloseTo(28, 0);
});

test("a corpus that stands is not written again; one that is cut or half written is", async () => {
  const [file = ""] = corpus.files;
  const before = await stat(file);
  expect(await write()).toEqual(corpus);
  expect((await stat(file)).mtimeMs).toBe(before.mtimeMs);

  await truncate(file, 100);
  expect(await write()).toEqual(corpus);
  expect((await stat(file)).size).toBe(before.size);

  const manifest = join(directory, "manifest.json");
  const half = { ...(JSON.parse(await readFile(manifest, "utf8")) as object), result: null };
  await writeFile(manifest, JSON.stringify(half));
  expect(await write()).toEqual(corpus);
});

test("other parameters replace the corpus, and leave none of its files behind", async () => {
  const other = await writeCorpus({ directory, records: 500, seed: 7 });
  expect(other.sha256).not.toBe(corpus.sha256);
  expect((await readdir(directory)).length).toBe(2);
});

test("a directory with somebody's files is refused and left alone", async () => {
  const theirs = await mkdtemp(join(tmpdir(), "keywatch-theirs-"));
  await writeFile(join(theirs, "real.json.gz"), "x");
  await expect(write(theirs)).rejects.toThrow("holds files that are no bench corpus; name an empty directory");
  expect(await readdir(theirs)).toEqual(["real.json.gz"]);
  await rm(theirs, { recursive: true });
});
