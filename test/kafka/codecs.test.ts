import type { Kafka } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectKafka } from "../../ingest/kafka/connect.ts";
import { openSender } from "../../ingest/kafka/produce.ts";
import { createTopic } from "../../ingest/kafka/topics.ts";
import { kafkaConfig } from "../../schemas/config_kafka.ts";
import { until } from "../support.ts";
import { type Broker, brokerMissing, startBroker } from "./broker.ts";

const missing = brokerMissing();
const codecs = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
const big = `{"raw":"${"a line of a log, ".repeat(20_000)}"}`;

describe.skipIf(missing !== null)(`compression${missing ? ` (skipped: ${missing})` : ""}`, () => {
  let broker: Broker;
  let kafka: Kafka;
  beforeAll(async () => {
    broker = await startBroker();
    kafka = connectKafka(kafkaConfig.parse({ brokers: [broker.address] }), () => undefined);
    const admin = kafka.admin();
    await admin.connect();
    for (const codec of codecs) {
      await createTopic(admin, { topic: `ours-${codec}`, numPartitions: 1 });
      // The broker, which is Java, unpacks what came and packs it again.
      const configEntries = [{ name: "compression.type", value: codec === "none" ? "uncompressed" : codec }];
      await createTopic(admin, { topic: `java-${codec}`, numPartitions: 1, configEntries });
    }
    await admin.disconnect();
  });
  afterAll(() => broker?.stop());

  async function readAll(topic: string, count: number): Promise<string[]> {
    const consumer = kafka.consumer({ groupId: `g-${topic}`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const seen: string[] = [];
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.value!.toString()) });
    await until(`${topic}`, () => seen.length >= count);
    await consumer.disconnect();
    return seen;
  }

  test.each(codecs)("%s: what we write is read, by the broker too, and what Java wrote we read", async (codec) => {
    const values = ["short", big, "ü 😀", ""];
    const other = codec === "gzip" ? "none" : "gzip";
    for (const [topic, compression] of [
      [`ours-${codec}`, codec],
      [`java-${codec}`, other],
      [`java-${other}`, codec],
    ] as const) {
      const sender = await openSender(kafka, kafkaConfig.parse({ brokers: [broker.address], compression }));
      await sender.send(values.map((value) => ({ topic, partition: 0, value })));
      await sender.close();
    }
    expect(await readAll(`ours-${codec}`, values.length)).toEqual(values);
    expect((await readAll(`java-${codec}`, values.length)).slice(0, values.length)).toEqual(values);
  });
});
