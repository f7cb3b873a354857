import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../schemas/package_root.ts";

/*
 * npm run bench:live -- [seconds] [events a second] [--write]: a `serve` of its own is pushed events at a steady rate over HTTP, one of which
 * each second is a write by a key declared read-only. Measured: time from the beginning of that push to the first delivery attempt at a
 * webhook receiver (group_wait 0), memory of the server minute by minute, and whether every accepted event is stored once.
 */

const seconds = Number(process.argv[2] ?? 60);
const rate = Number(process.argv[3] ?? 5_000);
const PUSHES_A_SECOND = 10;
const PORT = 20_000 + (process.pid % 20_000);
const KEYS = 400;

const folder = mkdtempSync(join(tmpdir(), "keywatch-live-"));
const file = join(folder, "keywatch.yaml");
const keyId = (i: number): string =>
  `AKIAEXAMPLE${String(100_000 + i)
    .padStart(9, "0")
    .replace(/[0189]/g, (d) => "WXYZ"["0189".indexOf(d)]!)}`;

/** Key names of the planted writes, with the time at which their push began, ms. */
const planted = new Map<string, number>();
const latencies: number[] = [];
const receiver = createServer((request, response) => void receive(request).then(() => response.end("{}")));
await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));

async function receive(request: IncomingMessage): Promise<void> {
  const at = performance.now();
  let body = "";
  for await (const chunk of request) body += String(chunk);
  for (const [name] of body.matchAll(/reader-\d+/g)) {
    const began = planted.get(name);
    if (began !== undefined) latencies.push(at - began);
    planted.delete(name);
  }
}

writeFileSync(
  join(folder, "keys.yaml"),
  JSON.stringify({
    keys: Array.from({ length: seconds }, (_, i) => ({
      name: `reader-${i}`,
      provider: "aws_cloudtrail",
      id: keyId(KEYS + i),
      owner: "team-bench",
      access: "read",
    })),
  }),
);
writeFileSync(
  file,
  JSON.stringify({
    store: { path: join(folder, "data") },
    inventory: "keys.yaml",
    http: { listen: `127.0.0.1:${PORT}` },
    route: { receiver: "bench", group_wait: "0s" },
    receivers: [
      {
        name: "bench",
        channels: [
          {
            kind: "webhook",
            url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
            secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            allow_private_addresses: true,
          },
        ],
      },
    ],
  }),
);

const record = (holder: number, write: boolean): string => {
  const user = holder < KEYS ? `app-${holder}` : `reader-${holder - KEYS}`;
  return `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE${holder}","arn":"arn:aws:iam::111122223333:user/${user}","accountId":"111122223333","accessKeyId":"${keyId(holder)}","userName":"${user}"},"eventTime":"${new Date().toISOString().slice(0, 19)}Z","eventSource":"s3.amazonaws.com","eventName":"${write ? "DeleteObject" : "GetObject"}","awsRegion":"eu-central-1","sourceIPAddress":"52.95.110.${holder % 250}","userAgent":"Boto3/1.40.11 Python/3.12.3","requestParameters":{"bucketName":"example-7-data","key":"2026/06/part-${holder}.parquet"},"responseElements":null,"requestID":"${randomUUID()}","eventID":"${randomUUID()}","readOnly":${!write},"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"}`;
};

const server = spawn(process.execPath, [join(packageRoot, "main.ts"), "--config", file, "serve"], {
  stdio: ["ignore", "pipe", "inherit"],
});
server.stdout.resume();
const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
try {
  const url = `http://127.0.0.1:${PORT}`;
  while (!(await fetch(`${url}/readyz`).catch(() => null))?.ok) await sleep(200);
  const memory: number[] = [];
  let accepted = 0;
  let late = 0;
  let drawn = 0;
  const waiting = new Set<Promise<void>>();
  const push = async (body: string, count: number): Promise<void> => {
    for (;;) {
      const answer = await fetch(`${url}/v1/ingest/aws_cloudtrail`, { method: "POST", body }).catch(() => null);
      await answer?.arrayBuffer();
      if (answer?.status === 200) {
        accepted += count;
        return;
      }
      late++;
      await sleep(200);
    }
  };
  const start = performance.now();
  for (let n = 0; n < seconds * PUSHES_A_SECOND; n++) {
    const due = start + (n * 1000) / PUSHES_A_SECOND;
    if (performance.now() < due) await sleep(due - performance.now());
    const lines: string[] = [];
    for (let i = 0; i < rate / PUSHES_A_SECOND; i++) lines.push(record(drawn++ % KEYS, false));
    if (n % PUSHES_A_SECOND === 5) {
      const second = Math.floor(n / PUSHES_A_SECOND);
      lines.push(record(KEYS + second, true));
      planted.set(`reader-${second}`, performance.now());
    }
    const sent: Promise<void> = push(lines.join("\n"), lines.length).finally(() => waiting.delete(sent));
    waiting.add(sent);
    if (n % PUSHES_A_SECOND === 0) memory.push(residentMb(server.pid!));
  }
  await Promise.all(waiting);
  const took = (performance.now() - start) / 1000;
  for (let i = 0; i < 100 && planted.size > 0; i++) await sleep(100);
  const cpu = cpuSeconds(server.pid!);
  const status = (await (await fetch(`${url}/v1/status`).catch(() => null))?.json().catch(() => null)) as {
    events?: number;
  } | null;
  latencies.sort((a, b) => a - b);
  const at = (p: number): string => `${Math.round(latencies[Math.floor(p * (latencies.length - 1))] ?? Number.NaN)} ms`;
  const minutes = Array.from({ length: Math.ceil(memory.length / 60) }, (_, i) =>
    Math.max(...memory.slice(60 * i, 60 * i + 60)),
  );
  const report = `# Live

Made by \`npm run bench:live -- ${seconds} ${rate} --write\` on ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model}); pusher, server and receiver share them.

- ${accepted.toLocaleString("en-US")} events accepted in ${took.toFixed(0)} s (${Math.round(accepted / took).toLocaleString("en-US")}/s), in pushes of ${rate / PUSHES_A_SECOND}; ${late} pushes were asked to wait and sent again; stored: ${status?.events?.toLocaleString("en-US") ?? "not told"}
- Push begun to first delivery attempt of the incident: p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}; ${latencies.length} of ${seconds} delivered
- CPU of the server: ${((1e6 * cpu) / accepted).toFixed(0)} us an event, start included
- Highest memory of each minute, MB: ${minutes.map((m) => Math.round(m)).join(", ")}
`;
  process.stdout.write(report);
  if (process.argv.includes("--write")) writeFileSync(join(packageRoot, "docs", "live.md"), report);
} finally {
  server.kill("SIGTERM");
  await ended;
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** cpuSeconds reads what the process used, all threads, in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
