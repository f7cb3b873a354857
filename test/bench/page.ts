// Questions of the page over many stored events: npm run bench:page [events, default 10000000]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { openApp } from "../../cli/app.ts";
import { searchEvents } from "../../cli/web/events.ts";
import { keyList, keyOf, subjectsSeen } from "../../cli/web/keys.ts";
import { sourcesOf } from "../../cli/web/sources.ts";
import { statsOf } from "../../cli/web/stats.ts";
import { config } from "../../schemas/config.ts";
import { eventQuery } from "../../schemas/http_api.ts";
import { statusCounts } from "../../schemas/queries/status.ts";

const events = Number(process.argv[2] ?? 10_000_000);
const ROUNDS = 20;
const DAY = 86_400_000;
const path = mkdtempSync(join(tmpdir(), "keywatch-bench-page-"));

/** 2,000 principals over 90 days, some of them much busier than others; rows as wide as CloudTrail's. */
const ROWS = `INSERT INTO events SELECT
  concat('e', toString(number)) AS event_uid, 'aws_cloudtrail' AS provider, '111122223333' AS account,
  fromUnixTimestamp64Milli({now:Int64} - toInt64(cityHash64(number) % (90 * 86400000))) AS time, now64() AS ingested_at, number + {from:UInt64} AS seq,
  concat('aws_cloudtrail:', hex(sipHash128(k))) AS key_uid, 'AKIA…TEST' AS key_hint, 'long_lived' AS key_type, key_uid AS subject_uid,
  NULL AS session_uid, 'none' AS session_kind, concat('arn:aws:iam::111122223333:user/app-', toString(k)) AS principal_uid,
  concat('app-', toString(k)) AS principal, 'service' AS principal_type, ['GetObject', 'PutObject', 'ListBuckets', 'DescribeInstances'][1 + number % 4] AS operation,
  's3' AS service, if(number % 4 = 1, 'write', 'read') AS verb_class, if(cityHash64(number, 1) % 50 = 0, 'denied', 'success') AS outcome,
  NULL AS error_code, 200 AS status_code, 'ip' AS src_kind, concat('203.0.', toString(k % 200), '.', toString(number % 5)) AS src_ip,
  concat('203.0.', toString(k % 200), '.0/24') AS src_net, 64500 AS asn, 'Example Hosting' AS as_org, ['DE', 'US', 'BR', 'IN'][1 + k % 4] AS country,
  NULL, NULL, NULL, NULL, true, NULL, 'Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux' AS user_agent, 'Boto3', 'eu-central-1', [concat('arn:aws:s3:::bucket/', toString(number))] AS resources,
  'production', [], NULL, [], repeat('x', 800) AS raw, 'bench' AS position
FROM (SELECT number + {from:UInt64} AS number, toUInt64(2000 * pow((cityHash64(number, 2) % 10000) / 10000, 3)) AS k FROM numbers({count:UInt64}))`;

const app = await openApp({
  loaded: { config: config.parse({ store: { path } }), base: path, file: null },
  log: pino({ level: "silent" }),
});
try {
  const now = Date.now();
  const block = 500_000;
  for (let from = 0; from < events; from += block)
    await app.store.command(ROWS, { now, from, count: Math.min(block, events - from) });
  const to = now;
  const search = (over: object) => searchEvents(app, eventQuery.parse(over));
  const key = "arn:aws:iam::111122223333:user/app-7";
  const rows = await subjectsSeen(app);
  const questions: [name: string, ask: (round: number) => Promise<unknown>][] = [
    ["numbers of the overview", () => app.store.ask(statusCounts, {})],
    ["charts, 24 hours", () => statsOf(app, to - DAY, to)],
    ["charts, 7 days", () => statsOf(app, to - 7 * DAY, to)],
    ["charts, 90 days", () => statsOf(app, to - 90 * DAY, to)],
    ["sources", () => sourcesOf(app)],
    ["list of keys, reckoned", async () => keyList(app, await subjectsSeen(app))],
    ["one key, from the list", () => keyOf(app, rows[3]!.subject_uid, rows)],
    ["search, 24 hours", () => search({})],
    ["search, 90 days, no filter", () => search({ from: String(now - 90 * DAY) })],
    ["search, 90 days, one key", () => search({ from: String(now - 90 * DAY), key })],
    ["search, 90 days, a text that is nowhere", (n) => search({ from: String(now - 90 * DAY), q: `nothing-${n}` })],
    ["search, 7 days, failed", () => search({ from: String(now - 7 * DAY), outcome: "failed" })],
  ];
  console.log(`| question over ${events.toLocaleString("en-US")} events | p50 ms | p95 ms |\n| --- | --- | --- |`);
  for (const [name, ask] of questions) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await ask(round);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    console.log(
      `| ${name} | ${Math.round(times[ROUNDS / 2]!)} | ${Math.round(times[Math.ceil(0.95 * ROUNDS) - 1]!)} |`,
    );
  }
} finally {
  await app.close();
  rmSync(path, { recursive: true, force: true });
}
