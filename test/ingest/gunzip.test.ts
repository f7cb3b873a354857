import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { readFileRecords } from "../../ingest/sources/file.ts";

const lines = Array.from(
  { length: 1_500 },
  (_, i) => `{"id":${i},"noise":"${createHash("sha256").update(String(i)).digest("hex")}","user":"user@example.com"}\n`,
);

interface Member {
  bytes: Buffer;
  lines: string[];
}
/** Members of so many lines each. */
const membersOf = (each: number): Member[] =>
  Array.from({ length: Math.ceil(lines.length / each) }, (_, i) => {
    const own = lines.slice(i * each, (i + 1) * each);
    return { bytes: gzipSync(own.join("")), lines: own };
  });

/** For each number of bytes, how many lines stand in what they inflate to. */
async function linesBy(bytes: Buffer): Promise<number[]> {
  const gunzip = createGunzip();
  let count = 0;
  gunzip.on("data", (plain: Buffer) => {
    for (const byte of plain) if (byte === 10) count++;
  });
  const counts = [0];
  for (let at = 0; at < bytes.length; at++) {
    await new Promise((resolve) => gunzip.write(bytes.subarray(at, at + 1), resolve));
    counts.push(count);
  }
  return counts;
}

async function read(bytes: Buffer, chunk: number, live: boolean) {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, i) =>
    bytes.subarray(i * chunk, (i + 1) * chunk),
  );
  const good: string[] = [];
  const broken: string[] = [];
  let last = "";
  for await (const batch of readFileRecords(Readable.from(chunks), live ? {} : { size: bytes.length })) {
    for (let i = 0; i < batch.count; i++) {
      const reason = batch.broken[i] ?? null;
      last = reason ?? "good";
      if (reason === null) good.push(`${batch.data.toString("utf8", batch.starts[i], batch.ends[i])}\n`);
      else broken.push(reason);
    }
  }
  return { good, broken, last };
}

describe.each([
  ["one member", 1_500],
  ["members of 400 records", 400],
  ["members of 3 records", 3],
])("damaged gzip, %s", (_name, each) => {
  const members = membersOf(each);
  const bytes = Buffer.concat(members.map((m) => m.bytes));
  const places = [0.003, 0.11, 0.25, 0.4, 0.5, 0.61, 0.77, 0.93, 0.999].map((part) => Math.floor(part * bytes.length));
  let readable: number[] = [];
  beforeAll(async () => {
    readable = await linesBy(bytes);
  }, 60_000);

  test("cut anywhere: every record before the cut is kept, the rest is one letter", async () => {
    for (const [i, at] of places.entries()) {
      const { good, broken } = await read(bytes.subarray(0, at), 65_536, i % 2 === 0);
      expect(good, `cut at ${at}`).toEqual(lines.slice(0, readable[at]!));
      expect(broken.length, `cut at ${at}`).toBe(isBoundary(members, at) ? 0 : 1);
    }
  });

  test("a byte flipped anywhere: every record before it is kept, and the last letter says what happened", async () => {
    for (const [i, at] of places.entries()) {
      const want = readable[at]!;
      const hurt = Buffer.from(bytes);
      hurt[at] = hurt[at]! ^ 0xff;
      const { good, last } = await read(hurt, 65_536, i % 2 === 0);
      expect(good.slice(0, want), `flipped at ${at}`).toEqual(lines.slice(0, want));
      // A flipped byte of a member's header may say nothing that matters.
      if (last === "good") expect(good).toEqual(lines);
      else expect(last).toMatch(/^gzip (is damaged|ended early)/);
    }
  });

  test("a wrong checksum at the end of a member costs no record", async () => {
    const hurt = Buffer.from(bytes);
    const [first] = members;
    const at = first!.bytes.length - 6;
    hurt[at] = hurt[at]! ^ 1;
    const { good, broken } = await read(hurt, 4_096, true);
    expect(good).toEqual(first!.lines);
    expect(broken).toEqual([expect.stringMatching(/^gzip is damaged/)]);
  });
});

test("damage far into a long stream costs no record before it either", async () => {
  const noise = Array.from({ length: 60_000 }, (_, i) => {
    const hash = (n: number) => createHash("sha512").update(`${i}/${n}`).digest("base64");
    return `{"id":${i},"a":"${hash(0)}","b":"${hash(1)}","c":"${hash(2)}"}\n`;
  });
  const bytes = gzipSync(noise.join(""), { level: 1 });
  expect(bytes.length).toBeGreaterThan(10 * 2 ** 20);
  bytes[bytes.length - 6]! ^= 1;
  const { good, broken } = await read(bytes, 2 ** 20, true);
  expect(good.length).toBe(noise.length);
  expect(broken).toEqual([expect.stringMatching(/^gzip is damaged/)]);
});

/** A cut between two members leaves a whole file. */
function isBoundary(members: readonly Member[], at: number): boolean {
  let end = 0;
  for (const member of members) {
    end += member.bytes.length;
    if (end === at) return true;
  }
  return at === 0;
}
