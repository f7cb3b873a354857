import type { ITopicConfig, Kafka } from "kafkajs";
import { describe, expect, test } from "vitest";
import { createTopics, type TopicOptions, topicsOf } from "../../../ingest/kafka/topics.ts";

interface Topic {
  partitions: number;
  copies: number;
  config?: Record<string, string>;
}

/** brokersWith plays the admin side of a cluster: so many brokers, their default of copies, the topics that are there. */
function brokersWith(brokers: number, byDefault: number, there: Record<string, Topic> = {}, mayAlter = true) {
  const topics = new Map(Object.entries(there));
  let asked = 0;
  const configOf = (entries: ITopicConfig["configEntries"]) =>
    Object.fromEntries((entries ?? []).map(({ name, value }) => [name, value]));
  const admin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    listTopics: async () => [...topics.keys()],
    describeCluster: async () => ({ brokers: Array.from({ length: brokers }, (_, nodeId) => ({ nodeId })) }),
    /** Each question goes to another broker, and every second one has not heard of anything new. */
    async fetchTopicMetadata({ topics: names }: { topics: string[] }) {
      if (names.some((name) => topics.get(name)?.config) && asked++ % 2 === 1)
        throw Object.assign(new Error("no such topic"), { type: "UNKNOWN_TOPIC_OR_PARTITION" });
      const described = names.map((name) => {
        const { partitions, copies } = topics.get(name)!;
        const replicas = Array.from({ length: copies }, (_, i) => i);
        return { name, partitions: Array.from({ length: partitions }, () => ({ replicas })) };
      });
      return { topics: described };
    },
    async createTopics({ topics: wanted }: { topics: ITopicConfig[] }) {
      for (const { topic, numPartitions = 1, replicationFactor = -1, configEntries } of wanted)
        topics.set(topic, {
          partitions: numPartitions,
          copies: replicationFactor === -1 ? byDefault : replicationFactor,
          config: configOf(configEntries),
        });
    },
    async createPartitions({ topicPartitions }: { topicPartitions: { topic: string; count: number }[] }) {
      for (const { topic, count } of topicPartitions) topics.get(topic)!.partitions = count;
    },
    /** As Kafka does it: what is not named goes back to its default. */
    async alterConfigs({ resources }: { resources: { name: string; configEntries: ITopicConfig["configEntries"] }[] }) {
      if (!mayAlter) throw new Error("Topic authorization failed");
      for (const { name, configEntries } of resources) topics.get(name)!.config = configOf(configEntries);
    },
  };
  const create = (options: Partial<TopicOptions> = {}) =>
    createTopics({ admin: () => admin } as unknown as Kafka, topicsOf("k"), {
      ...{ partitions: null, replication: null },
      ...options,
    });
  return { topics, create };
}

const names = ["k.events", "k.signals", "k.findings", "k.commands", "k.dead_letter"];
const all = (topic: Topic): Record<string, Topic> =>
  Object.fromEntries(names.map((n) => [n, { ...topic, partitions: /events|dead/.test(n) ? topic.partitions : 1 }]));

describe("topics create", () => {
  test("without flags takes the brokers' own number of copies; of three, two have to have a message", async () => {
    const { topics, create } = brokersWith(3, 3);
    const { warned } = await create();
    expect([[...topics.keys()], warned]).toEqual([names, []]);
    for (const [name, { copies, config }] of topics) {
      expect([name, copies]).toEqual([name, 3]);
      expect(config).toMatchObject({ "min.insync.replicas": "2", "max.message.bytes": "8388608" });
      expect(Number(config!["retention.ms"])).toBeGreaterThan(0);
    }
    expect([topics.get("k.events")!.partitions, topics.get("k.findings")!.partitions]).toEqual([12, 1]);
  });

  test.each([1, 2])(
    "%i copies have to be there alone: one more would stop everything with one broker",
    async (copies) => {
      const { topics, create } = brokersWith(copies, copies);
      await create();
      for (const { config } of topics.values()) expect(config).not.toHaveProperty("min.insync.replicas");
    },
  );

  test("--replication is made as it is said", async () => {
    const { topics, create } = brokersWith(5, 1);
    const { warned } = await create({ replication: 4 });
    for (const { copies, config } of topics.values())
      expect([copies, config!["min.insync.replicas"]]).toEqual([4, "2"]);
    expect(warned).toEqual([]);
  });

  test("brokers that let nobody set it are told about, not failed at", async () => {
    const { warned } = await brokersWith(3, 3, {}, false).create();
    expect(warned).toEqual(names.map((n) => expect.stringMatching(`^${n}: min.insync.replicas=2 could not be set`)));
  });

  test("one copy on several brokers is told, whether it was there or was made now", async () => {
    const one = names.map((n) => expect.stringMatching(`^${n}: one copy on a cluster of 3 brokers`));
    expect((await brokersWith(3, 1).create()).warned).toEqual(one);
    expect((await brokersWith(3, 3, all({ partitions: 12, copies: 1 })).create()).warned).toEqual(one);
    expect((await brokersWith(1, 1).create()).warned).toEqual([]);
  });

  test("what is there keeps its partitions unless more are asked for", async () => {
    const there = all({ partitions: 24, copies: 3 });
    const { topics, create } = brokersWith(3, 3, there);
    const { said, warned } = await create();
    expect([said, warned]).toEqual([names.map((n) => expect.stringMatching(`^${n}: there, (24|1) partition`)), []]);
    expect(topics.get("k.events")!.partitions).toBe(24);
    await expect(create({ partitions: 12 })).rejects.toThrow("cannot shrink");
    const grown = await create({ partitions: 30 });
    expect([grown.said[0], topics.get("k.events")!.partitions]).toEqual([
      "k.events: grew from 24 to 30 partitions",
      30,
    ]);
  });

  test("a topic with other partitions than it needs is told", async () => {
    const there = { ...all({ partitions: 6, copies: 3 }) };
    there["k.findings"] = { partitions: 3, copies: 3 };
    there["k.dead_letter"] = { partitions: 9, copies: 3 };
    const { warned } = await brokersWith(3, 3, there).create({ partitions: 6 });
    expect(warned).toEqual([
      expect.stringMatching(/^k.findings: 3 partitions where 1 is needed/),
      expect.stringMatching(/^k.dead_letter: 9 partitions where 6 are wanted/),
    ]);
  });
});
