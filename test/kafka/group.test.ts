import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectKafka } from "../../ingest/kafka/connect.ts";
import { type Assignment, joinGroup, type Message } from "../../ingest/kafka/consume.ts";
import { openSender } from "../../ingest/kafka/produce.ts";
import { createTopic } from "../../ingest/kafka/topics.ts";
import { kafkaConfig } from "../../schemas/config_kafka.ts";
import { until } from "../support.ts";
import { type Broker, brokerMissing, startBroker } from "./broker.ts";

const missing = brokerMissing();

describe.skipIf(missing !== null)(`a group${missing ? ` (skipped: ${missing})` : ""}`, () => {
  let broker: Broker;
  let kafka: Kafka;
  const config = () => kafkaConfig.parse({ brokers: [broker.address] });
  beforeAll(async () => {
    broker = await startBroker();
    kafka = connectKafka(config(), () => undefined);
  });
  afterAll(() => broker?.stop());

  /** Reads a topic of numbers, and fails at the messages of which `fails` says so; what was done, in order. */
  async function read(topic: string, fails: (value: number, opened: number) => boolean, commits: boolean) {
    const sender = await openSender(kafka, config());
    const send = (...values: number[]) => sender.send(values.map((v) => ({ topic, partition: 0, value: String(v) })));
    const admin = kafka.admin();
    await admin.connect();
    await createTopic(admin, { topic, numPartitions: 1 });
    await admin.disconnect();
    const done: number[] = [];
    let opened = 0;
    let read = 0;
    const troubles: string[] = [];
    const open = async (assignment: Assignment) => {
      opened++;
      return {
        from: null,
        async take(messages: readonly Message[]) {
          for (const message of messages) {
            const value = Number(message.value);
            if (fails(value, opened)) throw new Error(`refused ${value}`);
            done.push(value);
            read = message.offset + 1;
            if (commits) await assignment.commit(message.offset + 1);
          }
        },
        // As a partition does that has nothing to read.
        idle: () => (read > 0 && !commits ? assignment.commit(read) : Promise.resolve()),
        stillMine: async () => true,
        end: async () => undefined,
      };
    };
    const group = await joinGroup({
      ...{ kafka, group: `readers-of-${topic}`, topics: [topic], sessionTimeout: 10_000, open },
      onTrouble: (error) => void troubles.push(String(error)),
      onGap: () => undefined,
    });
    return { send, done, troubles, stop: () => Promise.all([group.close(), sender.close()]) };
  }

  test("that failed before it ever said how far it is begins at the beginning, not behind what it fetched", async () => {
    const { send, done, troubles, stop } = await read("first", (value, opened) => value === 1 && opened < 3, false);
    await send(1, 2, 3);
    await until("the first trouble", () => troubles.length > 0);
    await send(4, 5);
    await until("all of it", () => done.includes(5));
    expect(done).toEqual([1, 2, 3, 4, 5]);
    await stop();
  });

  test("that fails later goes on where it said it was", async () => {
    const { send, done, troubles, stop } = await read("later", (value, opened) => value === 3 && opened < 3, true);
    await send(1, 2, 3);
    await until("the first trouble", () => troubles.length > 0);
    await send(4, 5);
    await until("all of it", () => done.includes(5));
    expect(done).toEqual([1, 2, 3, 4, 5]);
    await stop();
  });

  test("that said where it is while the brokers went away says it again", async () => {
    const { send, done, stop } = await read("again", () => false, false);
    const admin = kafka.admin();
    for (const value of [1, 2]) {
      await until("the message to go out", () =>
        send(value).then(
          () => true,
          () => false,
        ),
      );
      await until("it to be read", () => done.includes(value));
      await broker.kill();
      await sleep(2_000);
      await broker.start();
      const said = async () => {
        await admin.connect();
        const [answer] = await admin.fetchOffsets({ groupId: "readers-of-again", topics: ["again"] });
        return Number(answer!.partitions[0]!.offset) === value;
      };
      await until("the group to know", () => said().catch(() => false), 60_000);
    }
    await admin.disconnect();
    await stop();
  }, 240_000);
});
