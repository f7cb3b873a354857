import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import kafkajs from "kafkajs";
import { brokerMissing } from "../kafka/broker.ts";
import { startCluster } from "../kafka/cluster.ts";
import { corpusRecords } from "./corpus_records.ts";

/*
 * npm run bench:kafka [-- records]: raw topic -> ingest -> keywatch.events -> detect -> ClickHouse's HTTP interface, each role a process,
 * the broker and the engine behind a small HTTP door beside them. The records lie in the topic before the roles start.
 */

const records = Number(process.argv[2] ?? 200_000);
const compression = (process.argv[3] ?? "gzip") as "gzip" | "zstd" | "none";
const missing = brokerMissing();
if (missing !== null) throw new Error(missing);
const folder = mkdtempSync(join(tmpdir(), "keywatch-bench-"));
const partitions = 3;
const cluster = await startCluster({
  folder,
  partitions,
  rawTopics: [{ topic: "raw", partitions: 2, provider: "aws_cloudtrail" }],
  config: { kafka: { brokers: ["127.0.0.1:1"], checkpoint_interval: "5s", session_timeout: "30s", compression } },
});
try {
  process.stderr.write(`Producing ${records} records …\n`);
  const producer = cluster.kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  let messages: { value: string; partition: number }[] = [];
  let n = 0;
  let bytes = 0;
  for (const { text } of corpusRecords(records, 42)) {
    bytes += text.length;
    messages.push({ value: text, partition: n++ % 2 });
    if (messages.length === 2_000 || n === records) {
      await producer.send({ topic: "raw", messages, compression: kafkajs.CompressionTypes.GZIP });
      messages = [];
    }
  }
  await producer.disconnect();
  const before = cpuSeconds();
  const begun = performance.now();
  const roles = (process.argv[4] ?? "ingest+detect+alert").split("+").map((r) => cluster.start(r));
  const first = await cluster.waitFor("the first event", async () => (await cluster.count("events")) > 0, 60_000);
  const started = first - begun;
  await cluster.waitFor(
    "ingest",
    async () => (await cluster.lag("keywatch.ingest", "raw").catch(() => 1)) === 0,
    600_000,
  );
  const read = performance.now() - begun;
  await cluster.waitFor(
    "detect",
    async () => (await cluster.lag("keywatch.detect", "keywatch.events").catch(() => 1)) === 0,
    600_000,
  );
  const done = performance.now() - begun;
  const rate = (ms: number) => Math.round((1000 * records) / ms).toLocaleString("en-US");
  const stored = await cluster.count("events");
  const lines = [
    `${records.toLocaleString("en-US")} CloudTrail records of ${Math.round(bytes / records)} bytes, ${partitions} partitions, ${compression}; ${cpus().length} cores, Node ${process.versions.node}`,
    `stored ${stored}; from start of the roles: first event ${(started / 1000).toFixed(1)} s, all read ${(read / 1000).toFixed(1)} s, all judged ${(done / 1000).toFixed(1)} s`,
    `end to end ${rate(done)} events/s; without the start ${rate(done - started)} events/s`,
    `CPU: ${roles.map((r) => `${r.roles} ${r.cpuSeconds().toFixed(1)} s`).join(", ")}, door and engine ${(cpuSeconds() - before).toFixed(1)} s, broker ${cluster.broker.cpuSeconds().toFixed(1)} s`,
  ];
  // In order: NODE_OPTIONS=--cpu-prof writes its profile at the end of a process.
  for (const role of roles) await role.kill("SIGTERM");
  process.stdout.write(`${lines.join("\n")}\n`);
} finally {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
