import type { Admin, ITopicConfig, Kafka } from "kafkajs";

/** Topics are those between the stages; raw topics are the user's own. */
export interface Topics {
  events: string;
  signals: string;
  findings: string;
  commands: string;
  deadLetter: string;
}

export const topicsOf = (prefix: string): Topics => ({
  events: `${prefix}.events`,
  signals: `${prefix}.signals`,
  findings: `${prefix}.findings`,
  commands: `${prefix}.commands`,
  deadLetter: `${prefix}.dead_letter`,
});

export interface TopicOptions {
  /** Partitions of `events` and `dead_letter`; the others have one, because one consumer has to see all of them in order. */
  partitions: number;
  replication: number;
}

/** Longest message that the broker takes, bytes: a record of 1 MB that does not shrink still has to pass. */
const MAX_MESSAGE = 8 * 1024 * 1024;
const DAY_MS = 86_400_000;

/** createTopics makes what is missing and adds partitions where there are fewer. Gives a sentence for each topic; throws before anything would shrink. */
export async function createTopics(kafka: Kafka, topics: Topics, options: TopicOptions): Promise<string[]> {
  const wanted: [string, number, number][] = [
    [topics.events, options.partitions, 7],
    [topics.signals, 1, 7],
    [topics.findings, 1, 30],
    [topics.commands, 1, 30],
    [topics.deadLetter, options.partitions, 30],
  ];
  const admin = kafka.admin();
  await admin.connect();
  try {
    const there = new Set(await admin.listTopics());
    const known = wanted.map(([name]) => name).filter((name) => there.has(name));
    const counts = new Map<string, number>();
    if (known.length > 0)
      for (const t of (await admin.fetchTopicMetadata({ topics: known })).topics)
        counts.set(t.name, t.partitions.length);
    for (const [name, partitions] of wanted) {
      const now = counts.get(name) ?? 0;
      if (now > partitions && options.partitions < now && name === topics.events)
        throw new Error(
          `${name} has ${now} partitions and cannot shrink to ${partitions}: Kafka cannot take partitions away. Give --partitions ${now} or more, or another kafka.prefix.`,
        );
    }
    const said: string[] = [];
    for (const [name, partitions, days] of wanted) {
      const now = counts.get(name);
      if (now === undefined) {
        await createTopic(admin, {
          topic: name,
          numPartitions: partitions,
          replicationFactor: options.replication,
          configEntries: [
            { name: "max.message.bytes", value: String(MAX_MESSAGE) },
            { name: "retention.ms", value: String(days * DAY_MS) },
          ],
        });
        said.push(`${name}: made, ${partitions} partition(s), replication ${options.replication}, kept ${days} days`);
      } else if (now < partitions) {
        await admin.createPartitions({ topicPartitions: [{ topic: name, count: partitions }] });
        said.push(`${name}: grew from ${now} to ${partitions} partitions`);
      } else said.push(`${name}: there, ${now} partition(s)`);
    }
    return said;
  } finally {
    await admin.disconnect();
  }
}

/** createTopic makes a topic and comes back when the brokers know it. */
export async function createTopic(admin: Admin, topic: ITopicConfig): Promise<void> {
  await admin.createTopics({ waitForLeaders: false, topics: [topic] });
  for (let tries = 0; ; tries++) {
    try {
      await admin.fetchTopicMetadata({ topics: [topic.topic] });
      return;
    } catch (error) {
      if (tries === KNOWN_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const KNOWN_TRIES = 50;

/** partitionsOf gives how many partitions a topic has. Throws a sentence when there is no such topic. */
export async function partitionsOf(kafka: Kafka, topic: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]!.partitions.length;
  } catch (cause) {
    if ((cause as { type?: string }).type !== "UNKNOWN_TOPIC_OR_PARTITION") throw cause;
    throw new Error(`There is no topic ${topic}. \`keywatch topics create\` makes those that keywatch needs.`, {
      cause,
    });
  } finally {
    await admin.disconnect();
  }
}
