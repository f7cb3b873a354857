import kafkajs, { type Kafka, type Message, type Producer, type TopicMessages, type Transaction } from "kafkajs";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";

/** Outgoing is one message on its way. */
export interface Outgoing {
  topic: string;
  partition?: number;
  key?: string | null;
  value: Buffer | string;
  headers?: Record<string, string>;
}

/** Sender sends messages; what it came back from is safe on the brokers that have to have it. */
export interface Sender {
  send(messages: readonly Outgoing[]): Promise<void>;
  close(): Promise<void>;
}

/** Offset is how far a partition was read: the first message that was not. */
export interface Offset {
  group: string;
  topic: string;
  partition: number;
  offset: number;
}

/**
 * Transactor sends messages and says how far the input was read, both or neither. Whoever opens the same id later shuts an earlier one
 * out. After an error it is of no more use: open another, and ask the group how far it came.
 */
export interface Transactor {
  transact(messages: readonly Outgoing[], read: Offset): Promise<void>;
  close(): Promise<void>;
}

/** Bytes of one batch of a partition, before compression: the broker refuses batches over its limit. */
const BATCH_BYTES = 2 * 1024 * 1024;
const TRANSACTION_TIMEOUT_MS = 30_000;

/** Longest that a send may take before its producer counts as lost, ms. */
const SEND_MS = 45_000;

/**
 * openSender opens an idempotent producer: a retry inside it does not write twice. After a failure the next send opens another one,
 * because brokers that came back may have forgotten the old one; what was refused is then sent again by whoever kept it.
 */
export async function openSender(kafka: Kafka, config: KafkaConfig): Promise<Sender> {
  const open = async (): Promise<Producer> => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  };
  let current: Producer | null = await open();
  let tail: Promise<unknown> = Promise.resolve();

  async function send(messages: readonly Outgoing[]): Promise<void> {
    if (messages.length === 0) return;
    current ??= await open();
    const producer = current;
    try {
      await within(SEND_MS, sendAll(producer, messages, config));
    } catch (error) {
      current = null;
      void producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  return {
    send(messages) {
      const done = tail.then(() => send(messages));
      tail = done.catch(() => undefined);
      return done;
    },
    async close() {
      await tail;
      await current?.disconnect();
    },
  };
}

function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the brokers took longer than ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** openTransactor opens the transactional producer of one input partition; it is fenced in when this comes back. */
export async function openTransactor(kafka: Kafka, id: string, config: KafkaConfig): Promise<Transactor> {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    transactionalId: id,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  // The id is claimed by the first transaction: an empty one, which the broker never hears of.
  const claim = await producer.transaction();
  await claim.abort();
  return {
    async transact(messages, { group, topic, partition, offset }) {
      const transaction = await producer.transaction();
      try {
        await sendAll(transaction, messages, config);
        await transaction.sendOffsets({
          consumerGroupId: group,
          topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }],
        });
        await transaction.commit();
      } catch (cause) {
        if (transaction.isActive()) await transaction.abort().catch(() => undefined);
        throw cause;
      }
    },
    close: () => producer.disconnect(),
  };
}

async function sendAll(
  by: Pick<Producer | Transaction, "sendBatch">,
  messages: readonly Outgoing[],
  config: KafkaConfig,
): Promise<void> {
  for (const topicMessages of batchesOf(messages)) {
    await by.sendBatch({ acks: -1, compression: compressionOf(config), topicMessages });
  }
}

/** batchesOf cuts messages into requests, so that no partition's batch outgrows what the broker takes. Order within a partition stays. */
export function batchesOf(messages: readonly Outgoing[]): TopicMessages[][] {
  const requests: { bytes: Map<string, number>; topics: Map<string, Message[]> }[] = [];
  /** Request that a partition has reached: a later message never goes before it. */
  const reached = new Map<string, number>();
  for (const { topic, partition, key, value, headers } of messages) {
    const lane = `${topic}/${partition ?? "any"}`;
    let i = reached.get(lane) ?? 0;
    const used = requests[i]?.bytes.get(lane) ?? 0;
    if (used > 0 && used + value.length > BATCH_BYTES) i++;
    reached.set(lane, i);
    requests[i] ??= { bytes: new Map(), topics: new Map() };
    const { bytes, topics } = requests[i]!;
    bytes.set(lane, (bytes.get(lane) ?? 0) + value.length);
    const list = topics.get(topic) ?? [];
    topics.set(topic, list);
    list.push({
      value,
      ...(key === undefined ? {} : { key }),
      ...(partition === undefined ? {} : { partition }),
      ...(headers ? { headers } : {}),
    });
  }
  return requests.map(({ topics }) => [...topics].map(([topic, list]) => ({ topic, messages: list })));
}

const compressionOf = ({ compression }: KafkaConfig): number =>
  ({ none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 })[compression];
