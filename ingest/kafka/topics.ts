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
  /**
   * Partitions of `events` and `dead_letter`; the others have one, because one consumer has to see all of them in order. Null: what is
   * there keeps its own, and what is made gets 12.
   */
  partitions: number | null;
  /** Copies of what is made; null is the brokers' own default. */
  replication: number | null;
}

/** Made is what became of the topics, a sentence each, and what a person should know of them. */
export interface Made {
  said: string[];
  warned: string[];
}

interface Wanted {
  name: string;
  partitions: number;
  days: number;
}

interface Standing {
  partitions: number;
  copies: number;
}

/** Longest message that the broker takes, bytes: a record of 1 MB that does not shrink still has to pass. */
const MAX_MESSAGE = 8 * 1024 * 1024;
const DAY_MS = 86_400_000;
const PARTITIONS = 12;
/** From so many copies on, all but one of the brokers that have to have a message may be away and it is not lost. */
const SAFE_COPIES = 3;
const MIN_IN_SYNC = { name: "min.insync.replicas", value: "2" };

/** createTopics makes what is missing and adds partitions where fewer are there than were asked for. Throws before anything would shrink. */
export async function createTopics(kafka: Kafka, topics: Topics, options: TopicOptions): Promise<Made> {
  const partitions = options.partitions ?? PARTITIONS;
  const wanted: Wanted[] = [
    { name: topics.events, partitions, days: 7 },
    { name: topics.signals, partitions: 1, days: 7 },
    { name: topics.findings, partitions: 1, days: 30 },
    { name: topics.commands, partitions: 1, days: 30 },
    { name: topics.deadLetter, partitions, days: 30 },
  ];
  const admin = kafka.admin();
  await admin.connect();
  try {
    const there = new Set(await admin.listTopics());
    const before = await standing(
      admin,
      wanted.map(({ name }) => name).filter((name) => there.has(name)),
    );
    const now = before.get(topics.events)?.partitions ?? 0;
    if (options.partitions !== null && now > options.partitions)
      throw new Error(
        `${topics.events} has ${now} partitions and cannot shrink to ${options.partitions}: Kafka cannot take partitions away. Give --partitions ${now} or more, or another kafka.prefix.`,
      );
    const said: string[] = [];
    const warned: string[] = [];
    for (const topic of wanted) {
      const { name, partitions } = topic;
      const count = before.get(name)?.partitions;
      if (count === undefined) said.push(await make(admin, topic, options.replication, warned));
      else if (count < partitions && options.partitions !== null) {
        await admin.createPartitions({ topicPartitions: [{ topic: name, count: partitions }] });
        said.push(`${name}: grew from ${count} to ${partitions} partitions`);
      } else said.push(`${name}: there, ${count} partition(s)`);
    }
    warned.push(...(await doubts(admin, wanted, options)));
    return { said, warned };
  } finally {
    await admin.disconnect();
  }
}

/** How many partitions topics have, and how many copies the one with the fewest. */
async function standing(admin: Admin, names: string[]): Promise<Map<string, Standing>> {
  // Asked for none, it gives all.
  if (names.length === 0) return new Map();
  const { topics } = await known(admin, names);
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      { partitions: partitions.length, copies: Math.min(...partitions.map((p) => p.replicas.length)) },
    ]),
  );
}

/** Every write waits for the brokers that have to have it (acks=all): with three copies these are two, so one broker may be lost. */
async function make(
  admin: Admin,
  { name, partitions, days }: Wanted,
  replication: number | null,
  warned: string[],
): Promise<string> {
  const entries = [
    { name: "max.message.bytes", value: String(MAX_MESSAGE) },
    { name: "retention.ms", value: String(days * DAY_MS) },
  ];
  await createTopic(admin, {
    topic: name,
    numPartitions: partitions,
    replicationFactor: replication ?? -1,
    configEntries: replication !== null && replication >= SAFE_COPIES ? [...entries, MIN_IN_SYNC] : entries,
  });
  const copies = (await standing(admin, [name])).get(name)!.copies;
  // How many copies the brokers make by themselves is known once they made them.
  if (replication === null && copies >= SAFE_COPIES)
    await admin
      .alterConfigs({
        validateOnly: false,
        resources: [{ type: TOPIC_RESOURCE, name, configEntries: [...entries, MIN_IN_SYNC] }],
      })
      .catch((error: Error) => {
        warned.push(
          `${name}: min.insync.replicas=2 could not be set (${error.message}): unless the brokers have it by default, a message may be on one of them only. Set it, or create the topics with --replication ${copies}.`,
        );
      });
  return `${name}: made, ${partitions} partition(s), ${copies} ${copies === 1 ? "copy" : "copies"}, kept ${days} days`;
}

/** Kafka's number for topics, among what has a configuration. */
const TOPIC_RESOURCE = 2;

/** doubts looks at what stands now, also at what somebody else made. */
async function doubts(admin: Admin, wanted: readonly Wanted[], options: TopicOptions): Promise<string[]> {
  const { brokers } = await admin.describeCluster();
  const now = await standing(
    admin,
    wanted.map(({ name }) => name),
  );
  return wanted.flatMap(({ name, partitions }) => {
    const { partitions: count, copies } = now.get(name)!;
    const found: string[] = [];
    if (partitions === 1 && count > 1)
      found.push(
        `${name}: ${count} partitions where 1 is needed, because one process has to see all of it in order. Make it anew with one while everything is stopped, or use another kafka.prefix.`,
      );
    else if (options.partitions !== null && count > partitions)
      found.push(`${name}: ${count} partitions where ${partitions} are wanted; Kafka cannot take partitions away.`);
    if (copies === 1 && brokers.length > 1)
      found.push(
        `${name}: one copy on a cluster of ${brokers.length} brokers: with that broker, what was acknowledged is lost. Raise it with kafka-reassign-partitions, or make it anew with --replication 3.`,
      );
    return found;
  });
}

/** createTopic makes a topic and comes back when the brokers know it. */
export async function createTopic(admin: Admin, topic: ITopicConfig): Promise<void> {
  await admin.createTopics({ waitForLeaders: false, topics: [topic] });
  await known(admin, [topic.topic]);
}

/** Each question may go to another broker, which hears of a new topic a moment later than the one before. */
async function known(admin: Admin, names: string[]): ReturnType<Admin["fetchTopicMetadata"]> {
  for (let tries = 0; ; tries++) {
    try {
      return await admin.fetchTopicMetadata({ topics: names });
    } catch (error) {
      if (tries === KNOWN_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, KNOWN_PAUSE_MS));
    }
  }
}

const KNOWN_TRIES = 50;
const KNOWN_PAUSE_MS = 200;

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
