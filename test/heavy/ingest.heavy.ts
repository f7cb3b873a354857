import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync, rmSync, statfsSync, statSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Draws, draws } from "../quality/random.ts";
import { MAIN, tempFolder } from "../support.ts";

const GB = 2 ** 30;
/** Twice for the file, and the store. */
const DISK = 8 * GB;

const folder = tempFolder();
const { bavail, bsize } = statfsSync(folder);
const room = bavail * bsize >= DISK;
if (!room) process.stderr.write(`Skipped: the 2 GB ingest wants ${DISK / GB} GB free in the temporary folder.\n`);
/** `KEYWATCH_HEAVY_GB=0.2` tries it small. */
const size = Number(process.env.KEYWATCH_HEAVY_GB ?? 2) * GB;

interface Written {
  lines: number;
  events: number;
  broken: number;
  twins: number;
}

/** write makes an NDJSON file of `bytes`, with a BOM, CRLF, blank lines, broken lines and twins in it. */
async function write(path: string, bytes: number, line: (n: number, d: Draws) => string): Promise<Written> {
  const out: WriteStream = createWriteStream(path, { highWaterMark: 4 * 2 ** 20 });
  const d = draws("heavy", path.length);
  const done: Written = { lines: 0, events: 0, broken: 0, twins: 0 };
  let last = "";
  let written = 0;
  let block = "\ufeff";
  for (let n = 0; written < bytes; n++) {
    let text = line(n, d);
    if (n % 1_000 === 999) text = `{"eventVersion":"1.09","broken`;
    else if (n % 500 === 499) text = last;
    if (n % 1_000 === 999) done.broken++;
    else if (n % 500 === 499) done.twins++;
    else done.events++;
    last = text;
    done.lines++;
    block += `${text}${n % 3 === 0 ? "\r\n" : "\n"}${n % 2_000 === 0 ? "\n" : ""}`;
    if (block.length < 2 ** 20) continue;
    written += block.length;
    if (!out.write(block)) await once(out, "drain");
    block = "";
  }
  out.end(block);
  await once(out, "finish");
  return done;
}

/** ingest runs `keywatch ingest --json` as a process of its own and samples its memory, MB. */
async function ingest(store: string, path: string, provider: string) {
  const child = spawn(process.execPath, [MAIN, "--data", store, "ingest", path, "--provider", provider, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (s: string) => {
    stdout += s;
  });
  const memory: number[] = [];
  const timer = setInterval(() => {
    try {
      memory.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1024);
    } catch {
      // It has just ended.
    }
  }, 250);
  const [code] = (await once(child, "close")) as [number];
  clearInterval(timer);
  expect(code).toBe(0);
  return { memory, counts: JSON.parse(stdout) as Record<string, number> };
}

/** The last third may not stand far above the middle: what grows with the input would. */
function expectFlat(memory: number[], what: string, seconds: number): void {
  const third = Math.floor(memory.length / 3);
  const peaks = [0, 1, 2].map((i) => Math.round(Math.max(...memory.slice(i * third, (i + 1) * third))));
  process.stderr.write(`${what}: ${seconds.toFixed(0)} s, highest memory of each third ${peaks.join(", ")} MB\n`);
  expect(Math.max(...peaks)).toBeLessThan(1_536);
  // A short run is all warming up.
  if (size >= GB) expect(peaks[2]).toBeLessThan(peaks[1]! * 1.2);
}

const START = Date.UTC(2026, 2, 1);
const isoOf = (n: number): string => new Date(START + n * 100).toISOString();
const SENTENCE = "the request was answered by another replica after one retry because its shard moved".split(" ");

/** About 2 KB, as data events with long parameters are. */
const trail = (n: number, d: Draws): string =>
  JSON.stringify({
    eventVersion: "1.09",
    eventID: d.uuid(),
    eventTime: isoOf(n),
    eventSource: "s3.amazonaws.com",
    eventName: d.pick(["GetObject", "PutObject", "ListObjectsV2"]),
    awsRegion: "eu-central-1",
    sourceIPAddress: `203.0.113.${d.int(250)}`,
    userAgent: "Boto3/1.40",
    userIdentity: {
      type: "IAMUser",
      arn: `arn:aws:iam::111122223333:user/app-${n % 40}`,
      accountId: "111122223333",
      accessKeyId: `AKIAIOSFODNN7EXAM${String(n % 40).padStart(3, "0")}`,
      userName: `app-${n % 40}`,
    },
    requestID: d.uuid(),
    recipientAccountId: "111122223333",
    readOnly: true,
    requestParameters: Array.from({ length: 16 }, (_, i) => ({
      key: `part-${i}-${d.int(1e6)}`,
      note: d.sample(SENTENCE, 9).join(" "),
    })),
  });

/** A line without an id of its own: its identity is drawn from its bytes and its number among its twins. */
const access = (n: number, d: Draws): string =>
  JSON.stringify({
    time: isoOf(n),
    request_method: "GET",
    request_uri: `/v1/items/${d.int(1e6)}?page=${d.int(50)}`,
    status: 200,
    remote_addr: `203.0.113.${d.int(250)}`,
    host: "api.example.com",
    http_user_agent: "Boto3/1.40",
    key_id: `key-${n % 40}-example`,
  });

test.skipIf(!room)(
  "an NDJSON file of 2 GB: constant memory, every record counted once",
  async () => {
    const path = join(folder, "big.ndjson");
    const written = await write(path, size, trail);
    process.stderr.write(`${(statSync(path).size / GB).toFixed(2)} GB, ${written.lines} records\n`);
    const start = performance.now();
    const { memory, counts } = await ingest(join(folder, "store"), path, "auto");
    rmSync(path);
    expect(counts).toMatchObject({
      records: written.lines,
      stored: written.events,
      duplicates: written.twins,
      deadLetters: written.broken,
      dropped: 0,
    });
    expectFlat(memory, `${written.lines} CloudTrail records`, (performance.now() - start) / 1000);
    process.stderr.write(`${JSON.stringify(counts)}\n`);
  },
  3_600_000,
);

test.skipIf(!room)(
  "an access log without ids: twins in one file are counted each, memory stays constant",
  async () => {
    const path = join(folder, "access.ndjson");
    const written = await write(path, size / 6, access);
    const start = performance.now();
    const { memory, counts } = await ingest(join(folder, "store2"), path, "gateway_log");
    rmSync(path);
    expect(counts).toMatchObject({
      records: written.lines,
      stored: written.events + written.twins,
      duplicates: 0,
      deadLetters: written.broken,
    });
    expectFlat(memory, `${written.lines} lines of an access log`, (performance.now() - start) / 1000);
  },
  3_600_000,
);
