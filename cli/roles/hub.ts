import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Kafka } from "kafkajs";
import type { Alerter } from "../../alert/alerter.ts";
import { createLinkSigner, type LinkSigner } from "../../alert/inbound/link.ts";
import { createInventoryIndex, type InventoryIndex } from "../../detect/inventory_index.ts";
import { loadPepper } from "../../ingest/fingerprint.ts";
import { connectKafka } from "../../ingest/kafka/connect.ts";
import type { LaneStatus } from "../../ingest/kafka/consume.ts";
import { partitionsOf, type Topics, topicsOf } from "../../ingest/kafka/topics.ts";
import type { Config } from "../../schemas/config.ts";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";
import { ConfigFault } from "../../schemas/faults.ts";
import { type Metrics, noMetrics } from "../../schemas/metrics.ts";
import { connectStore } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { type AppOptions, type Counters, checkPepper } from "../app.ts";
import { addInventory, readInventory } from "../inventory_store.ts";
import { readInventoryFile } from "../load_config.ts";
import type { Log } from "../log.ts";
import { CommandFault } from "../out.ts";
import { ingestParts, latenessOf, type Parts } from "../parts.ts";
import type { Standing } from "../readings.ts";
import { createStoreDoor, type StoreDoor } from "../store_door.ts";

/** Hub is what the roles of one process share: the store, the brokers, what reads records. */
export interface Hub {
  config: Config;
  brokers: KafkaConfig;
  store: StoreDoor;
  kafka: Kafka;
  topics: Topics;
  /** Partitions of the events topic. */
  partitions: number;
  parts: Parts;
  links: LinkSigner;
  counters: Counters;
  metrics: Metrics;
  /** Name of this process, for claims. */
  owner: string;
  now: () => number;
  log: Log;
  latenessOf(provider: string): number;
  inventory(): Promise<InventoryIndex>;
  close(): Promise<void>;
}

/** Role is one stage at work. */
export interface Role extends Partial<Standing> {
  lanes(): LaneStatus[];
  /** Puts the routes, receivers and rules of another config into force. */
  reconfigure?: Alerter["reconfigure"];
  /** Finishes what is under way, saves it and gives the partitions back. */
  stop(): Promise<void>;
}

const START_PATIENCE_MS = 120_000;

/** openHub connects to store and brokers. Throws StoreDown or CommandFault with the mend. */
export async function openHub(options: AppOptions): Promise<Hub> {
  const { loaded, log } = options;
  const { config } = loaded;
  const brokers = config.kafka;
  if (brokers === null) throw new CommandFault("Roles in processes of their own need `kafka` in the config.", 2);
  const now = options.now ?? Date.now;
  const metrics = options.metrics ?? noMetrics;
  const store = createStoreDoor(await awaited("The store does", log, () => connectStore(config)), metrics);
  try {
    const pepper = loadPepper({ directory: config.store.path, env: options.env ?? process.env });
    await awaited("The store does", log, async () => {
      await migrate(store, config);
      await checkPepper(store, pepper);
    });
    const parts = await ingestParts(config, {
      pepper,
      onFault: (sentence) => log.warn(sentence),
      ...(options.places ? { places: options.places } : {}),
    });
    const { inventory: declared } = config;
    if (declared !== null)
      await awaited("The store does", log, () =>
        addInventory(store, readInventoryFile(declared, config), now(), parts.fingerprint),
      );
    const kafka = connectKafka(brokers, (level, sentence, facts) => log[level](facts, sentence));
    const topics = topicsOf(brokers.prefix);
    return {
      config,
      brokers,
      store,
      kafka,
      topics,
      partitions: await awaited("The brokers do", log, () => partitionsOf(kafka, topics.events).catch(withoutTopic)),
      parts,
      links: createLinkSigner(pepper),
      metrics,
      counters: { records: 0, stored: 0, duplicates: 0, deadLetters: 0, dropped: new Map(), findings: 0 },
      owner: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
      now,
      log,
      latenessOf: latenessOf(config, parts),
      inventory: () =>
        awaited("The store does", log, async () => createInventoryIndex(await readInventory(store), parts.fingerprint)),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A role that starts beside its store or its brokers waits for them. */
async function awaited<T>(what: string, log: Log, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + START_PATIENCE_MS;
  for (let pause = 500; ; pause = Math.min(5_000, 2 * pause)) {
    try {
      return await work();
    } catch (error) {
      if (isFinal(error) || performance.now() > deadline) throw error;
      log.warn({ error: (error as Error).message }, `${what} not answer yet; trying again.`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** What no waiting mends: a topic that nobody made, another installation's pepper, a fault in a file. */
const isFinal = (error: unknown): boolean =>
  error instanceof CommandFault || error instanceof ConfigFault || /^The pepper /.test((error as Error).message);

/** patiently repeats what the store or the brokers refused, while `held`; what is repeated must be the same twice. */
export async function patiently<T>(held: () => boolean, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pause = 100; ; pause = Math.min(2_000, 2 * pause)) {
    try {
      return await work();
    } catch (error) {
      if (!held() || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

function withoutTopic(error: Error): never {
  throw error.message.startsWith("There is no topic") ? new CommandFault(error.message) : error;
}

const PATIENCE_MS = 20_000;
