/**
 * keys measures what many keys cost: CloudTrail records of so many keys over 30 days, in event-time order, through the whole pipeline with
 * the embedded store. It prints memory and pace as it goes, and a line of JSON at the end.
 *
 *     npm run bench:keys                     100,000 keys, 10 million events
 *     npm run bench:keys -- 1000000 10000    events, keys
 *     npm run bench:keys -- 10000000 100000 1000000    the same, ended after a million events: the first three days
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openApp } from "../../cli/app.ts";
import { FULL_BLOCK } from "../../cli/ingest_job.ts";
import { createLog } from "../../cli/log.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { draws } from "../quality/random.ts";

const [events = 10_000_000, keys = 100_000, stop = events] = process.argv.slice(2).map(Number);
const DAYS = 30;
const START = Date.parse("2026-06-01T00:00:00Z");
const BLOCK = 1_000;
const TELL_EVERY = 500_000;

const d = draws("many keys", keys);
const OPERATIONS = [
  ["s3", "GetObject", true],
  ["s3", "PutObject", false],
  ["sqs", "ReceiveMessage", true],
  ["dynamodb", "GetItem", true],
  ["kms", "Decrypt", true],
  ["lambda", "Invoke", false],
  ["ec2", "DescribeInstances", true],
  ["logs", "CreateLogStream", false],
] as const;

/** record is a call of a key from one of its two addresses, among its own three operations. */
function record(i: number, time: number): Buffer {
  const key = d.int(keys);
  const [service, eventName, readOnly] = OPERATIONS[(key + d.int(3)) % OPERATIONS.length]!;
  const net = key % 3 === 0 ? "192.0.2" : key % 3 === 1 ? "198.51.100" : "203.0.113";
  const name = `bot-${key}`;
  return Buffer.from(
    `{"eventVersion":"1.09","userIdentity":{"type":"IAMUser","principalId":"AIDA${String(key).padStart(17, "0")}","arn":"arn:aws:iam::111122223333:user/${name}","accountId":"111122223333","accessKeyId":"AKIA${String(key).padStart(16, "0")}","userName":"${name}"},"eventTime":"${new Date(time).toISOString().slice(0, 19)}Z","eventSource":"${service}.amazonaws.com","eventName":"${eventName}","awsRegion":"eu-central-1","sourceIPAddress":"${net}.${(key + d.int(2)) % 250}","userAgent":"aws-sdk-go-v2/1.30.${key % 9}","requestParameters":{"bucketName":"logs-${key % 500}","key":"part-${d.int(1e6)}"},"responseElements":null,"requestID":"${d.uuid()}","eventID":"${d.uuid()}","readOnly":${readOnly},"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","n":${i}}`,
  );
}

const path = mkdtempSync(join(tmpdir(), "keywatch-keys-"));
const app = await openApp({
  loaded: { config: config.parse({ store: { path } }), base: path, file: null },
  log: createLog(),
});
const normalizer = createNormalizer(app.parts, { provider: "auto", position: "bench:keys", now: Date.now });
const ordered = app.detector.beginOrdered();
const start = performance.now();
const cpu = process.cpuUsage();
let storing: Promise<void> = Promise.resolve();
for (let done = 0; done < stop; ) {
  const into = emptyYield();
  for (let i = 0; i < BLOCK; i++, done++)
    normalizer.read(record(done, START + Math.floor((done / events) * DAYS * DAY_MS)), null, into);
  const taken = await app.add(into);
  await ordered.offer(taken.events);
  if (app.writer.waiting() >= FULL_BLOCK) {
    await storing;
    storing = app.writer.flush();
    storing.catch(() => undefined);
  }
  if (done % TELL_EVERY === 0) tell(done);
}
await storing;
await app.writer.flush();
const found = await ordered.end({ report: true });
await app.save();
const used = process.cpuUsage(cpu);
const [row] = await app.store.rows("SELECT count() AS n FROM events");
process.stdout.write(
  `${JSON.stringify({
    keys,
    events: Number(row?.n),
    findings: found?.findings,
    seconds: Math.round((performance.now() - start) / 1000),
    cpuUsPerEvent: Math.round((used.user + used.system) / stop),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
  })}\n`,
);
await app.close();
rmSync(path, { recursive: true, force: true });

function tell(done: number): void {
  const seconds = (performance.now() - start) / 1000;
  const { rss, heapUsed } = process.memoryUsage();
  process.stderr.write(
    `${done.toLocaleString("en-US")} events, ${Math.round(done / seconds)}/s, ${Math.round(rss / 1e6)} MB, heap ${Math.round(heapUsed / 1e6)} MB, profiles in memory ${app.engine.tracked()}\n`,
  );
}
