import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { listFiles } from "../../ingest/sources/file_list.ts";
import { keywatch, tempFolder } from "../support.ts";
import { sharedData } from "./shared_data.ts";

const data = sharedData("cloudtrail/invictus");

interface Counts {
  records: number;
  stored: number;
  duplicates: number;
  deadLetters: number;
  dropped: number;
}

async function ingest(folder: string): Promise<Counts & { letters: { reason: string; raw: string }[] }> {
  const store = join(tempFolder(), "store");
  const ran = await keywatch(["--data", store, "ingest", folder, "--json"]);
  expect(ran.stderr).not.toMatch(/failed/);
  expect(ran.code).toBe(0);
  const listed = await keywatch(["--data", store, "dead-letters", "list", "--json", "--limit", "5000"]);
  const letters = listed.stdout
    .trim()
    .split("\n")
    .filter((l) => l.startsWith("{"))
    .map((l) => JSON.parse(l) as { reason: string; raw: string });
  return { ...(JSON.parse(ran.stdout) as Counts), letters };
}

/** bytes of every file, plain. */
async function plain(): Promise<Buffer[]> {
  const { files } = await listFiles([data!]);
  return files.map((f) => gunzipSync(readFileSync(f)));
}

const isFair = (c: Counts) => c.stored + c.duplicates + c.deadLetters + c.dropped === c.records;

describe.skipIf(data === null)("broken input", () => {
  test("2,900 records with a byte flipped at 200 places: neighbours stay, every loss is a dead letter, the sum is right", async () => {
    const folder = tempFolder();
    const all = Buffer.concat((await plain()).map((b) => Buffer.concat([b, Buffer.from("\n")])));
    let state = 99;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const flips = 200;
    for (let i = 0; i < flips; i++) all[Math.floor(random() * all.length)]! ^= 1 << Math.floor(random() * 7);
    writeFileSync(join(folder, "flipped.json"), all);
    const counts = await ingest(folder);
    expect(isFair(counts)).toBe(true);
    expect(counts.letters.length).toBe(counts.deadLetters);
    expect(counts.letters.every((l) => l.reason.length > 0)).toBe(true);
    // A flip in a name or value leaves a readable record; one in the structure costs that record at most.
    expect(counts.stored + counts.dropped).toBeGreaterThanOrEqual(2_900 - flips);
    expect(counts.stored).toBeLessThanOrEqual(2_900 + flips);
  }, 60_000);

  test("truncated files: what came before the cut is kept", async () => {
    const folder = tempFolder();
    const files = await plain();
    let whole = 0;
    for (const [i, bytes] of files.entries()) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * 0.6));
      whole += (cut.toString().match(/"eventID":"[0-9a-f-]{36}"/g) ?? []).length;
      writeFileSync(join(folder, `${i}.json`), cut);
      if (i % 5 === 0)
        writeFileSync(join(folder, `${i}.json.gz`), gzipSync(bytes).subarray(0, Math.floor(bytes.length / 20)));
    }
    const counts = await ingest(folder);
    expect(isFair(counts)).toBe(true);
    expect(counts.stored).toBeGreaterThanOrEqual(whole - files.length);
    expect(counts.deadLetters).toBeGreaterThanOrEqual(files.length);
  }, 60_000);

  test("the shapes that logs come in: blank lines, BOM, CRLF, gzip members, arrays, objects one after another, partial records", async () => {
    const folder = tempFolder();
    const [first] = (await plain())
      .map((b) => JSON.parse(b.toString()) as { Records: Record<string, unknown>[] })
      .filter((f) => f.Records.length >= 12);
    const r = first!.Records;
    const text = (x: unknown) => JSON.stringify(x);
    writeFileSync(join(folder, "a.ndjson"), `\ufeff\n\n${text(r[0])}\r\n\r\n${text(r[1])}\n\n`);
    writeFileSync(join(folder, "b.json"), text([r[2], r[3]]));
    writeFileSync(join(folder, "c.json"), `${text(r[4])}${text(r[5])} ${text(r[6])}`);
    writeFileSync(
      join(folder, "d.json.gz"),
      Buffer.concat([gzipSync(`${text({ Records: [r[7]] })}\n`), gzipSync(text({ Records: [r[8]] }))]),
    );
    const { sourceIPAddress: _, ...noAddress } = r[9]!;
    const { eventTime: __, ...noTime } = r[10]!;
    writeFileSync(
      join(folder, "e.ndjson"),
      [
        text({ ...noAddress, sourceIPAddress: "redacted" }),
        text(noTime),
        text({ ...r[11], eventTime: "..." }),
        text({ ...r[11], eventTime: "2026-13-45T00:00:00Z" }),
        "not json at all",
      ].join("\n"),
    );
    writeFileSync(
      join(folder, "f.json"),
      `{"Records":[${text({ ...r[11], requestParameters: { blob: "x".repeat(20 * 1024 * 1024) } })}]}`,
    );
    writeFileSync(join(folder, "g.json"), "");
    const counts = await ingest(folder);
    expect(isFair(counts)).toBe(true);
    // A record that holds no time gets that of its arrival; one that holds a wrong time is a dead letter.
    expect([counts.stored, counts.deadLetters]).toEqual([13, 2]);
    expect(counts.letters.map((l) => l.reason).sort()).toEqual(
      expect.arrayContaining([expect.stringMatching(/time/i)]),
    );
  }, 60_000);
});
