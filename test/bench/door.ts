/*
 * npm run bench:door -- [events a second] [seconds] [aws_cloudtrail or gateway_log]: a `serve` of its own takes pushes at the given rate (20,000), first alone, then beside one heavy
 * question through the ClickHouse door that lasts as long as the limits let it (60 s). Printed: the rate of both, the slowdown, and how long pushes took.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../schemas/package_root.ts";

const rate = Number(process.argv[2] ?? 20_000);
const seconds = Number(process.argv[3] ?? 60);
const provider = process.argv[4] ?? "aws_cloudtrail";
const PUSHES_A_SECOND = 20;
const IN_FLIGHT = 16;
const KEYS = 400;
const PORT = 20_000 + (process.pid % 20_000);
let made = 0;
const base = `http://127.0.0.1:${PORT}`;

/** A call of each caller, with places for its id and time: making them must not take the server's processors. */
const calls = Array.from({ length: KEYS }, (_, who) => {
  const [id, time] = ["\u0001", "\u0002"];
  const call = provider === "aws_cloudtrail" ? cloudTrail(who, id, time) : accessLine(who, id, time);
  return JSON.stringify(call).split(/\\u000[12]/) as [string, string, string];
});

const folder = mkdtempSync(join(tmpdir(), "keywatch-bench-door-"));
const file = join(folder, "keywatch.yaml");
writeFileSync(
  file,
  JSON.stringify({
    store: { path: join(folder, "data") },
    http: { listen: `127.0.0.1:${PORT}`, clickhouse: { max_time: `${seconds}s` } },
  }),
);
const server = spawn(process.execPath, [join(packageRoot, "main.ts"), "--config", file, "serve"], {
  stdio: ["ignore", "ignore", "inherit"],
});
try {
  await until(async () => (await fetch(`${base}/readyz`)).ok);
  // Profiles, caches and the first merges are no part of the comparison.
  await push(10);
  const alone = await push(seconds);
  const asked = heavy();
  await sleep(500);
  const beside = await push(seconds);
  const answer = await asked;
  const of = (r: Pushed): string =>
    `${Math.round(r.rate)} events/s, pushes p50 ${r.p50.toFixed(0)} ms p99 ${r.p99.toFixed(0)} ms`;
  console.log(
    `asked for ${rate} events/s, ${cpus().length} processors, a question of ${answer.seconds.toFixed(0)} s (code ${answer.code ?? "none"})`,
  );
  console.log(`alone   ${of(alone)}\nbeside  ${of(beside)}`);
  console.log(`slowdown ${(100 * (1 - beside.rate / alone.rate)).toFixed(1)} %`);
} finally {
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  rmSync(folder, { recursive: true, force: true });
}

/** A question that the engine cannot shorten; it ends by the door's limit of time, code 159. */
async function heavy(): Promise<{ seconds: number; code: string | null }> {
  const start = performance.now();
  const answer = await fetch(`${base}/clickhouse`, {
    method: "POST",
    body: "SELECT count(), uniqExact(cityHash64(e.event_uid, n.number) % 1000000) FROM events AS e CROSS JOIN numbers(100000000) AS n",
  });
  await answer.text();
  return { seconds: (performance.now() - start) / 1000, code: answer.headers.get("x-clickhouse-exception-code") };
}

interface Pushed {
  rate: number;
  p50: number;
  p99: number;
}

/** push sends at the rate for so long and gives what was taken; a push that is due while too many are under way waits, as a sender would. */
async function push(forSeconds: number): Promise<Pushed> {
  const times: number[] = [];
  const under = new Set<Promise<void>>();
  const size = Math.round(rate / PUSHES_A_SECOND);
  const start = performance.now();
  let taken = 0;
  for (let n = 0; performance.now() - start < forSeconds * 1000; n++) {
    const due = start + (n * 1000) / PUSHES_A_SECOND;
    if (due > performance.now()) await sleep(due - performance.now());
    while (under.size >= IN_FLIGHT) await Promise.race(under);
    const sent = performance.now();
    const one = fetch(`${base}/v1/ingest/${provider}`, { method: "POST", body: records(size) }).then(async (r) => {
      taken += ((await r.json()) as { stored: number }).stored;
      times.push(performance.now() - sent);
    });
    const entry: Promise<void> = one.finally(() => void under.delete(entry));
    under.add(entry);
  }
  await Promise.all(under);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN;
  return { rate: taken / ((performance.now() - start) / 1000), p50: at(0.5), p99: at(0.99) };
}

function records(count: number): string {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  let lines = "";
  for (let i = 0; i < count; i++) {
    const n = made++;
    const [head, middle, tail] = calls[n % KEYS]!;
    lines += `${head}bench-${process.pid}-${n}${middle}${time}${tail}\n`;
  }
  return lines;
}

function cloudTrail(who: number, id: string, time: string): object {
  return {
    eventVersion: "1.11",
    eventID: id,
    eventTime: time,
    eventSource: "s3.amazonaws.com",
    eventName: who % 9 ? "GetObject" : "ListBuckets",
    awsRegion: "eu-central-1",
    sourceIPAddress: `203.0.113.${who % 250}`,
    userAgent: "Boto3/1.40",
    recipientAccountId: "111122223333",
    userIdentity: {
      type: "IAMUser",
      principalId: `AIDABENCH${who}`,
      arn: `arn:aws:iam::111122223333:user/bench-${who}`,
      accountId: "111122223333",
      accessKeyId: `AKIAEXAMPLEBENCH${String(who).padStart(4, "A")}`,
      userName: `bench-${who}`,
    },
  };
}

/** A line of nginx, whose configuration writes a consumer's name and not the key. */
function accessLine(who: number, id: string, time: string): object {
  return {
    request_id: id,
    time_iso8601: time,
    remote_addr: `203.0.113.${who % 250}`,
    consumer: `bench-${who}`,
    request_method: who % 9 ? "GET" : "POST",
    request_uri: `/v1/orders/${who}`,
    status: 200,
    body_bytes_sent: 1024,
    host: "api.example.com",
    http_user_agent: "Boto3/1.40",
  };
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    if (await done().catch(() => false)) return;
  }
  throw new Error("serve did not come up within a minute");
}
