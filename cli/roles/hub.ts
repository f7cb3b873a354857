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
import { Stopped, unlessStopped } from "../../schemas/stopping.ts";
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
  /** Says that a start is to be broken off. */
  stopping: AbortSignal;
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
  /** Done where stopping took too long. */
  cutOff?(): void;
}

const START_PATIENCE_MS = 120_000;

/** openHub connects to store and brokers. Throws StoreDown or CommandFault with the mend, and Stopped. */
export async function openHub(options: AppOptions & { stopping?: AbortSignal }): Promise<Hub> {
  const { loaded, log, stopping = new AbortController().signal } = options;
  const waiting = { log, stopping };
  const { config } = loaded;
  const brokers = config.kafka;
  if (brokers === null) throw new CommandFault("Roles in processes of their own need `kafka` in the config.", 2);
  const now = options.now ?? Date.now;
  const metrics = options.metrics ?? noMetrics;
  const store = createStoreDoor(await awaited("The store does", waiting, () => connectStore(config)), metrics);
  try {
    const pepper = loadPepper({ directory: config.store.path, env: options.env ?? process.env });
    await awaited("The store does", waiting, async () => {
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
      await awaited("The store does", waiting, () =>
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
      partitions: await awaited("The brokers do", waiting, () =>
        partitionsOf(kafka, topics.events).catch(withoutTopic),
      ),
      parts,
      links: createLinkSigner(pepper),
      metrics,
      counters: { records: 0, stored: 0, duplicates: 0, deadLetters: 0, dropped: new Map(), findings: 0 },
      owner: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
      now,
      log,
      stopping,
      latenessOf: latenessOf(config, parts),
      inventory: () =>
        awaited("The store does", waiting, async () =>
          createInventoryIndex(await readInventory(store), parts.fingerprint),
        ),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A role that starts beside its store or its brokers waits for them, until it is told to stop. */
async function awaited<T>(
  what: string,
  { log, stopping }: Pick<Hub, "log" | "stopping">,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + START_PATIENCE_MS;
  for (let pause = 500; ; pause = Math.min(5_000, 2 * pause)) {
    try {
      return await unlessStopped(stopping, work());
    } catch (error) {
      if (isFinal(error) || performance.now() > deadline) throw error;
      log.warn({ error: (error as Error).message }, `${what} not answer yet; trying again.`);
      await unlessStopped(stopping, new Promise((resolve) => setTimeout(resolve, pause)));
    }
  }
}

/** What no waiting mends: the end, a topic that nobody made, another installation's pepper, a fault in a file. */
const isFinal = (error: unknown): boolean =>
  error instanceof Stopped ||
  error instanceof CommandFault ||
  error instanceof ConfigFault ||
  /^The pepper /.test((error as Error).message);

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

/** soon is `patiently` for a start. What comes after it was told to stop is let go. */
export const soon = <T>(
  { stopping }: Pick<Hub, "stopping">,
  work: () => Promise<T>,
  letGo?: (late: T) => unknown,
): Promise<T> =>
  unlessStopped(
    stopping,
    patiently(() => !stopping.aborted, work),
    letGo,
  );

function withoutTopic(error: Error): never {
  throw error.message.startsWith("There is no topic") ? new CommandFault(error.message) : error;
}

const PATIENCE_MS = 20_000;
