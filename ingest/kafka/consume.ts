import kafkajs, {
  type Assigner,
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  type PartitionAssigner,
} from "kafkajs";
import { unlessStopped } from "../../schemas/stopping.ts";
import { createLane, type Lane, type LaneStatus, type Message, type Work } from "./lane.ts";
import { type Gap, resumeAt, type Standing, standingOf } from "./offsets.ts";

export type { LaneStatus, Message, Work } from "./lane.ts";

/** Assignment is a partition that the group gave to this process. */
export interface Assignment {
  topic: string;
  partition: number;
  /** The group's generation: whoever gets the partition later gets a higher one. */
  number: number;
  /** False once the partition went to somebody else, or the process ends. */
  held(): boolean;
  /** What the brokers know of the partition now. */
  standing(): Promise<Standing>;
  /** Tells the group how far the partition was read; for people who look at lag. What counts is kept elsewhere. */
  commit(offset: number): Promise<void>;
}

export interface GroupOptions {
  kafka: Kafka;
  group: string;
  topics: readonly string[];
  /** ms; a member that is silent for so long has lost its partitions. */
  sessionTimeout: number;
  /** Begins work on a partition; called again after an error, when the group has confirmed that the partition is still ours. */
  open(assignment: Assignment): Promise<Work>;
  /** All partitions go to one member, the others stand by. */
  oneOwner?: boolean;
  /** Longest fetch of one partition, bytes. */
  maxBytes?: number;
  /** Breaks joining off: the member leaves, and Stopped is thrown. */
  stopping?: AbortSignal;
  onTrouble(error: unknown, where: { topic: string; partition: number }): void;
  /** The topic is not as the group left it; asked only where the group's own offset is where work begins. */
  onGap(gap: Gap, where: { topic: string; partition: number; from: number }): void;
}

/** Group is a member of a consumer group. */
export interface Group {
  lanes(): LaneStatus[];
  /** Finishes the batch under way, lets every partition save, and leaves the group. */
  close(): Promise<void>;
}

/** Bytes that wait to be worked on, over all partitions; one with more than its share is paused, and resumed when half of that is done. */
const MAX_QUEUED = 64 * 1024 * 1024;
const MIN_QUEUED = 1024 * 1024;
const HEARTBEAT_MS = 1_000;
const MAX_WAIT_MS = 200;
const RESTART_MS = 1_000;

/**
 * joinGroup reads topics as a member of a group. What is fetched is queued by partition and worked on beside the next fetch, so that
 * a slow store never costs the membership: a full queue pauses its partition.
 */
export async function joinGroup(options: GroupOptions): Promise<Group> {
  const { kafka, group, topics, sessionTimeout, onTrouble } = options;
  const ALL = { topic: topics.join(", "), partition: -1 };
  const lanes = new Map<string, Lane>();
  /** What was said to the group since it last met. */
  const committed = new Map<string, number>();
  let consumer = makeConsumer();
  let waiting: ((n: number | null) => void)[] = [];
  let closing = false;
  let beatAt = performance.now();

  /** The group's number is known with the first heartbeat after a join: only then has it confirmed us. Null: we leave. */
  const confirmed = (): Promise<number | null> =>
    closing ? Promise.resolve(null) : new Promise((resolve) => void waiting.push(resolve));

  function tellWaiting(number: number | null): void {
    const told = waiting;
    waiting = [];
    for (const tell of told) tell(number);
  }

  function makeConsumer(): Consumer {
    const made = kafka.consumer({
      groupId: group,
      sessionTimeout,
      rebalanceTimeout: Math.max(30_000, 2 * sessionTimeout),
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: options.maxBytes ?? 2 * 1024 * 1024,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 20, restartOnFailure: async () => false },
      ...(options.oneOwner ? { partitionAssigners: [oneOwner] } : {}),
    });
    const { HEARTBEAT, GROUP_JOIN, CRASH, END_BATCH_PROCESS } = made.events;
    made.on(HEARTBEAT, ({ payload }) => {
      if (made !== consumer) return;
      beatAt = performance.now();
      tellWaiting(payload.groupGenerationId);
    });
    made.on(GROUP_JOIN, ({ payload }) => {
      if (made === consumer) reconcile(payload.memberAssignment);
    });
    made.on(END_BATCH_PROCESS, ({ payload }) => {
      // Only of one without messages: the lane heard of the others, or refused them because they had been fetched before a seek.
      if (made !== consumer || payload.batchSize > 0) return;
      const lane = lanes.get(`${payload.topic}/${payload.partition}`);
      lane?.skip(Number(payload.firstOffset), Number(payload.lastOffset) + 1, Number(payload.highWatermark));
    });
    made.on(CRASH, ({ payload }) => {
      if (made === consumer) renew(payload.error);
    });
    return made;
  }

  /** A consumer that gave up, or that was not heard of for too long, is replaced; the lanes stay, and the next join sorts them. */
  function renew(why: unknown): void {
    if (closing) return;
    onTrouble(why, ALL);
    const old = consumer;
    consumer = makeConsumer();
    beatAt = performance.now();
    void old.disconnect().catch(() => undefined);
    setTimeout(() => void start().catch((error: unknown) => onTrouble(error, ALL)), RESTART_MS);
  }

  const silence = 2 * sessionTimeout + 30_000;
  const watch = setInterval(() => {
    if (performance.now() - beatAt > silence) renew(new Error(`no heartbeat for ${Math.round(silence / 1000)} s`));
  }, HEARTBEAT_MS);

  function reconcile(assigned: Record<string, number[]>): void {
    // A consumer that is not in the group takes a commit without a word, and tells nobody.
    committed.clear();
    const mine = new Set(Object.entries(assigned).flatMap(([topic, list]) => list.map((p) => `${topic}/${p}`)));
    for (const [key, lane] of lanes) if (!mine.has(key)) lane.lose();
    for (const [topic, list] of Object.entries(assigned)) {
      for (const partition of list) {
        const earlier = lanes.get(`${topic}/${partition}`);
        if (earlier?.held()) earlier.rejoined();
        else lanes.set(`${topic}/${partition}`, laneOf(topic, partition, earlier ?? null));
      }
    }
  }

  function laneOf(topic: string, partition: number, earlier: Lane | null): Lane {
    const at = [{ topic, partitions: [partition] }];
    const standing = () => standingOf(kafka, group, topic, partition);
    const lane: Lane = createLane({
      topic,
      partition,
      maxQueued: () => Math.max(MIN_QUEUED, MAX_QUEUED / lanes.size),
      pause: () => quietly(() => consumer.pause(at)),
      resume: () => quietly(() => consumer.resume(at)),
      seek: (offset) => quietly(() => consumer.seek({ topic, partition, offset: String(offset) })),
      async open() {
        const generation = await confirmed();
        // Nothing is opened under a number that may be somebody else's by now.
        if (generation === null) throw new Error("this process leaves the group");
        return options.open({
          topic,
          partition,
          number: generation,
          held: () => lane.held(),
          standing,
          commit: (offset) => commit(topic, partition, lane.settled(offset)),
        });
      },
      async start() {
        const { from, gap } = await resumeAt(null, standing);
        if (gap !== null) options.onGap(gap, { topic, partition, from });
        return from;
      },
      onTrouble: (error) => onTrouble(error, { topic, partition }),
    });
    void lane.run(earlier?.ended() ?? Promise.resolve());
    return lane;
  }

  async function commit(topic: string, partition: number, offset: number | null): Promise<void> {
    const key = `${topic}/${partition}`;
    if (offset === null || committed.get(key) === offset) return;
    committed.set(key, offset);
    // Lost in a rebalance, it is said again later.
    await consumer
      .commitOffsets([{ topic, partition, offset: String(offset) }])
      .catch(() => void committed.delete(key));
  }

  async function eachBatch({ batch, resolveOffset, isStale }: EachBatchPayload): Promise<void> {
    const lane = lanes.get(`${batch.topic}/${batch.partition}`);
    if (!lane?.isOpen() || isStale()) return;
    lane.push(batch.messages.map(messageOf), Number(batch.lastOffset()) + 1, Number(batch.highWatermark));
    resolveOffset(batch.messages.at(-1)!.offset);
  }

  /** Comes back when the consumer runs; brokers that are away are waited for. */
  async function start(): Promise<void> {
    for (let connected = false; !connected && !closing; ) {
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: [...topics], fromBeginning: true });
        connected = true;
      } catch (error) {
        if ((error as { type?: string }).type === "UNKNOWN_TOPIC_OR_PARTITION") throw error;
        if (closing) return;
        beatAt = performance.now();
        onTrouble(error, ALL);
        await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
      }
    }
    if (closing) return;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 64,
      eachBatch,
    });
  }

  async function close(): Promise<void> {
    closing = true;
    clearInterval(watch);
    tellWaiting(null);
    await Promise.all([...lanes.values()].map((lane) => lane.drain()));
    await consumer.disconnect();
  }

  try {
    await (options.stopping ? unlessStopped(options.stopping, start()) : start());
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return {
    lanes: () => [...lanes.values()].filter((l) => l.held()).map((l) => l.status()),
    close,
  };
}

/** The consumer is between two lives while it restarts; the next join says everything again. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {}
}

type RawMessage = EachBatchPayload["batch"]["messages"][number];

function messageOf(m: RawMessage): Message {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(m.headers ?? {})) {
    const one = Array.isArray(value) ? value[0] : value;
    if (one !== undefined) headers[name] = one.toString();
  }
  return {
    offset: Number(m.offset),
    key: m.key === null ? null : m.key.toString(),
    value: m.value,
    headers,
    timestamp: Number(m.timestamp),
  };
}

/** When this process became a member: the longest member keeps the partitions, so that a newcomer never takes them away. */
const since = Date.now();

/** oneOwner gives every partition to the member that is there the longest. */
const oneOwner: PartitionAssigner = ({ cluster }): Assigner => {
  const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;
  return {
    name: "KeywatchOneOwner",
    version: 0,
    protocol: ({ topics }) => ({
      name: "KeywatchOneOwner",
      metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.from(String(since)) }),
    }),
    async assign({ members, topics }) {
      const age = (m: (typeof members)[number]) =>
        Number(MemberMetadata.decode(m.memberMetadata)?.userData.toString() ?? Number.MAX_SAFE_INTEGER);
      const sorted = [...members].sort((a, b) => age(a) - age(b) || (a.memberId < b.memberId ? -1 : 1));
      return sorted.map((member, i) => ({
        memberId: member.memberId,
        memberAssignment: MemberAssignment.encode({
          version: 0,
          assignment: Object.fromEntries(
            i > 0 ? [] : topics.map((t) => [t, cluster.findTopicPartitionMetadata(t).map((p) => p.partitionId)]),
          ),
          userData: Buffer.alloc(0),
        }),
      }));
    },
  };
};
