import type { Kafka } from "kafkajs";

/** Standing is a partition as the brokers know it. */
export interface Standing {
  /** The oldest message that is left, and the end. */
  low: number;
  high: number;
  /** Where the group said it is; null where it never said, or where nobody remembers. */
  said: number | null;
}

/** standingOf asks the brokers about one partition. */
export async function standingOf(kafka: Kafka, group: string, topic: string, partition: number): Promise<Standing> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const [[answer], ends] = await Promise.all([
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
      admin.fetchTopicOffsets(topic),
    ]);
    const end = ends.find((p) => p.partition === partition);
    if (end === undefined) throw new Error(`${topic} has no partition ${partition}`);
    const said = Number(answer?.partitions.find((p) => p.partition === partition)?.offset ?? -1);
    return { low: Number(end.low), high: Number(end.high), said: said < 0 ? null : said };
  } finally {
    await admin.disconnect();
  }
}

/**
 * Gap says how a topic is not as it was left: it ends before what was read of it (it was made anew, or cut), nobody remembers the group
 * (it may be another topic of the same name that grew since), or messages went before they were read, so many at most (the
 * markers of transactions count).
 */
export type Gap = { kind: "ends_before" } | { kind: "forgotten" } | { kind: "removed"; lostAtMost: number };

export interface Resumption {
  from: number;
  gap: Gap | null;
}

/** resume decides where reading goes on, given the first offset that was not read. Too much is read again rather than too little. */
export function resume(next: number, { low, high, said }: Standing): Resumption {
  if (next > high) return { from: low, gap: { kind: "ends_before" } };
  if (next < low) {
    // Behind the last message there may be markers, which the group has passed and the checkpoint has not.
    const lostAtMost = low - Math.max(next, said ?? 0);
    return { from: low, gap: lostAtMost > 0 ? { kind: "removed", lostAtMost } : null };
  }
  if (said === null && next > low) return { from: low, gap: { kind: "forgotten" } };
  return { from: next, gap: null };
}

/** resumeAt asks and decides; an end that is too early is asked for twice, because a leader may be new. */
export async function resumeAt(next: number | null, ask: () => Promise<Standing>): Promise<Resumption> {
  const decide = async () => {
    const standing = await ask();
    return next === null && standing.said === null
      ? { from: standing.low, gap: null }
      : resume(next ?? standing.said!, standing);
  };
  const first = await decide();
  if (first.gap?.kind !== "ends_before") return first;
  await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  return await decide();
}

const ASK_AGAIN_MS = 1_000;
