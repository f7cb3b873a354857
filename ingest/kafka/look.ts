import kafkajs, { type Admin } from "kafkajs";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";
import { hears } from "./answers.ts";
import { connectKafka } from "./connect.ts";

/** BrokerState is one address of the config; `fault` says why it does not answer. */
export interface BrokerState {
  address: string;
  ms: number;
  fault: string | null;
}

/** TopicState is a topic as the brokers have it. Copies are those of its worst partition. */
export interface TopicState {
  name: string;
  partitions: number;
  copies: number;
  inSync: number;
  /** Copies that must have a message before it counts; null where this account may not see it. */
  minInSync: number | null;
}

/** GroupState is a consumer group: its members, how many of them hold a partition, and what none of them read. */
export interface GroupState {
  members: number;
  working: number;
  /** Messages by topic. */
  behind: Map<string, number>;
}

/** Look asks the brokers how they and their topics are; it changes nothing. */
export interface Look {
  cluster(): Promise<{ brokers: number; controller: number | null }>;
  /** Those of the names that are there. */
  topics(names: readonly string[]): Promise<TopicState[]>;
  group(group: string, topics: readonly string[]): Promise<GroupState>;
  close(): Promise<void>;
}

const BROKER_MS = 6_000;
const ASK_MS = 8_000;

/** lookAtBrokers tries every address of the config by itself. */
export const lookAtBrokers = (config: KafkaConfig): Promise<BrokerState[]> =>
  Promise.all(
    config.brokers.map(async (address) => {
      const admin = connectKafka({ ...config, brokers: [address] }, () => undefined, "hurried").admin();
      const begun = performance.now();
      let heard = false;
      hears(admin, () => {
        heard = true;
      });
      const fault = await within(BROKER_MS, admin.connect()).then(
        () => (heard ? null : "it takes connections and says nothing"),
        (error: Error) => error.message.split("\n")[0]!,
      );
      void admin.disconnect().catch(() => undefined);
      return { address, ms: Math.round(performance.now() - begun), fault };
    }),
  );

/** openLook opens it on brokers that answered. */
export async function openLook(config: KafkaConfig): Promise<Look> {
  const admin = connectKafka(config, () => undefined, "hurried").admin();
  const ask = <T>(work: Promise<T>): Promise<T> => within(ASK_MS, work);
  await ask(admin.connect());
  return {
    async cluster() {
      const { brokers, controller } = await ask(admin.describeCluster());
      return { brokers: brokers.length, controller };
    },
    async topics(names) {
      // Asked for by its name, a topic that is not there may be made.
      const there = new Set(await ask(admin.listTopics()));
      const known = names.filter((name) => there.has(name));
      if (known.length === 0) return [];
      const [{ topics }, minInSync] = await Promise.all([
        ask(admin.fetchTopicMetadata({ topics: known })),
        ask(minInSyncOf(admin, known)).catch(() => new Map<string, number>()),
      ]);
      return topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.length,
        copies: Math.min(...partitions.map((p) => p.replicas.length)),
        inSync: Math.min(...partitions.map((p) => p.isr.length)),
        minInSync: minInSync.get(name) ?? null,
      }));
    },
    async group(group, topics) {
      const { groups } = await ask(admin.describeGroups([group]));
      const members = groups[0]?.members ?? [];
      const lags = topics.map(async (topic) => [topic, await ask(behind(admin, group, topic))] as const);
      return {
        members: members.length,
        working: members.filter((m) => holds(m.memberAssignment)).length,
        behind: new Map(await Promise.all(lags)),
      };
    },
    close: () => admin.disconnect(),
  };
}

async function minInSyncOf(admin: Admin, names: readonly string[]): Promise<Map<string, number>> {
  const configNames = ["min.insync.replicas"];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames })),
  });
  return new Map(resources.map((r) => [r.resourceName, Number(r.configEntries[0]?.configValue)]));
}

/** What never was read counts from the oldest message on. */
async function behind(admin: Admin, groupId: string, topic: string): Promise<number> {
  const [[read], ends] = await Promise.all([
    admin.fetchOffsets({ groupId, topics: [topic] }),
    admin.fetchTopicOffsets(topic),
  ]);
  return ends.reduce((n, { partition, low, high }) => {
    const at = Number(read?.partitions.find((p) => p.partition === partition)?.offset ?? -1);
    return n + Math.max(0, Number(high) - Math.max(at, Number(low)));
  }, 0);
}

function holds(assignment: Buffer): boolean {
  if (assignment.length === 0) return false;
  const held = kafkajs.AssignerProtocol.MemberAssignment.decode(assignment)?.assignment ?? {};
  return Object.values(held).some((partitions) => partitions.length > 0);
}

/** A client that hangs in a handshake says nothing of it. */
function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
