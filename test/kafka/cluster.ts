import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import kafkajs, { type Kafka } from "kafkajs";
import { useCodecs } from "../../ingest/kafka/codecs.ts";
import { createTopic, createTopics, topicsOf } from "../../ingest/kafka/topics.ts";
import { type ConfigText, config as configSchema } from "../../schemas/config.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import type { Store } from "../../schemas/store/store.ts";
import { clickhouseHttp } from "../schemas/clickhouse_http.ts";
import { type Broker, cpuSecondsOf, startBroker } from "./broker.ts";

/** Cluster is a whole keywatch in pieces: a broker, a ClickHouse door, and roles in processes of their own. */
export interface Cluster {
  broker: Broker;
  /** The engine behind the door, to look at what is stored. */
  store: Store;
  kafka: Kafka;
  config: string;
  url: string;
  start(roles: string): RoleProcess;
  /** Sends texts to a topic in order, to one partition. */
  produce(topic: string, values: readonly (string | Buffer)[], partition?: number): Promise<void>;
  count(table: string): Promise<number>;
  findingUids(): Promise<string[]>;
  incidentUids(): Promise<string[]>;
  /** Waits until a group has read all that a topic holds. */
  caughtUp(group: string, topic: string, timeoutMs?: number): Promise<void>;
  lag(group: string, topic: string): Promise<number>;
  /** Looks every 200 ms; gives the moment (performance.now) at which it was so. */
  waitFor(what: string, done: () => Promise<boolean>, timeoutMs: number): Promise<number>;
  stop(): Promise<void>;
}

export interface RoleProcess {
  child: ChildProcess;
  roles: string;
  said(): string;
  /** CPU time so far, all threads; 0 where the system cannot tell. */
  cpuSeconds(): number;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface ClusterOptions {
  folder: string;
  partitions: number;
  rawTopics: { topic: string; partitions?: number; provider: string }[];
  config?: ConfigText;
  inventory?: object;
  /** Where roles reach the store, given the address of the door; another one to put trouble between. */
  door?(url: string): Promise<string>;
}

export const PEPPER = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder } = options;
  const broker = await startBroker();
  const store = await connectEmbedded(join(folder, "engine"));
  const door = await clickhouseHttp(store, folder);
  const url = (await options.door?.(door.url)) ?? door.url;
  const file = join(folder, "keywatch.yaml");
  const inventory = join(folder, "keys.json");
  writeFileSync(inventory, JSON.stringify(options.inventory ?? {}));
  const text: ConfigText = {
    inventory,
    sources: options.rawTopics.map(({ topic, provider }) => ({ kind: "kafka", topic, provider })),
    ...options.config,
    kafka: {
      session_timeout: "6s",
      checkpoint_interval: "2s",
      settle: "3s",
      ...options.config?.kafka,
      brokers: [broker.address],
    },
    store: { url, database: "default", path: join(folder, "data") },
  };
  mkdirSync(join(folder, "data"), { mode: 0o700 });
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(text));
  await migrate(store, configSchema.parse(text));
  useCodecs();
  const kafka = new kafkajs.Kafka({
    brokers: [broker.address],
    clientId: "test",
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 100 },
  });
  await createTopics(kafka, topicsOf("keywatch"), { partitions: options.partitions, replication: 1 });
  const admin = kafka.admin();
  await admin.connect();
  for (const { topic, partitions = 1 } of options.rawTopics)
    await createTopic(admin, {
      topic,
      numPartitions: partitions,
      replicationFactor: 1,
      configEntries: [{ name: "max.message.bytes", value: "8388608" }],
    });
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const processes: RoleProcess[] = [];

  const cluster: Cluster = {
    broker,
    store,
    kafka,
    config: file,
    url,
    start(roles) {
      const role = startRole(file, roles);
      processes.push(role);
      return role;
    },
    async produce(topic, values, partition = 0) {
      for (let i = 0; i < values.length; i += 1_000) {
        const messages = values.slice(i, i + 1_000).map((value) => ({ value, partition }));
        await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
      }
    },
    count: async (table) => Number((await store.rows(`SELECT count() AS n FROM ${table} FINAL`))[0]!.n),
    findingUids: () => uids(store, "findings"),
    incidentUids: () => uids(store, "incidents"),
    async caughtUp(group, topic, timeoutMs = 60_000) {
      const read = async () => (await lag(group, topic).catch(() => 1)) === 0;
      await cluster.waitFor(`${group} to read ${topic}`, read, timeoutMs).catch(async (error: Error) => {
        error.message = `${await standings(group, topic).catch(String)}\n${error.message}`;
        throw error;
      });
    },
    lag,
    async waitFor(what, done, timeoutMs) {
      const end = performance.now() + timeoutMs;
      while (!(await done())) {
        if (performance.now() > end)
          throw new Error(`Waited for ${what}\n${processes.map((p) => `${p.roles}: ${told(p)}`).join("\n")}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return performance.now();
    },
    async stop() {
      await Promise.all(processes.map((p) => p.kill()));
      await producer.disconnect();
      await admin.disconnect();
      await closed(door.server);
      await broker.stop();
      await store.close();
    },
  };

  /** Messages that were not read. */
  async function lag(group: string, topic: string): Promise<number> {
    const [[read], ends] = await Promise.all([
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
      admin.fetchTopicOffsets(topic),
    ]);
    let behind = 0;
    for (const { partition, high } of ends) {
      const at = Number(read!.partitions.find((p) => p.partition === partition)?.offset ?? 0);
      behind += Number(high) - Math.max(0, at);
    }
    return behind;
  }

  /** Where each partition stands, by the group and by the checkpoints: for people who look for what is stuck. */
  async function standings(group: string, topic: string): Promise<string> {
    const [[read], ends] = await Promise.all([
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
      admin.fetchTopicOffsets(topic),
    ]);
    const { groups } = await admin.describeGroups([group]);
    const checkpoints = await store.rows("SELECT log, detected_to, updated_at FROM checkpoints FINAL ORDER BY log");
    return JSON.stringify({ at: new Date(), read, ends, members: groups[0], checkpoints }, null, 1);
  }
  return cluster;
}

/** The last structured lines of a process. */
const told = (p: RoleProcess): string =>
  p
    .said()
    .split("\n")
    .filter((line) => line.startsWith("{") || line.startsWith("keywatch"))
    .slice(-12)
    .join("\n");

async function uids(store: Store, table: string): Promise<string[]> {
  return (await store.rows(`SELECT uid FROM ${table} FINAL ORDER BY uid`)).map((r) => String(r.uid));
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function startRole(config: string, roles: string): RoleProcess {
  const child = spawn(
    process.execPath,
    // KEYWATCH_TEST_NODE: --cpu-prof and its like.
    [
      ...(process.env.KEYWATCH_TEST_NODE?.split(" ") ?? []),
      join(packageRoot, "main.ts"),
      "--config",
      config,
      "serve",
      "--roles",
      roles,
      "--listen",
      "127.0.0.1:0",
    ],
    {
      cwd: packageRoot,
      env: {
        ...process.env,
        KEYWATCH_PEPPER: PEPPER,
        KEYWATCH_LOG: process.env.KEYWATCH_LOG ?? "warn",
        NODE_NO_WARNINGS: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (s: string) => {
      said = (said + s).slice(-100_000);
      if (process.env.KEYWATCH_TEST_TRACE) process.stderr.write(`[${roles}] ${s}`);
    });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  process.once("exit", () => child.kill("SIGKILL"));
  return {
    child,
    roles,
    said: () => said,
    cpuSeconds: () => cpuSecondsOf(child.pid),
    async kill(signal = "SIGKILL") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
  };
}
