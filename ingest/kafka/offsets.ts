import type { Kafka } from "kafkajs";

/** startOffset asks where a group goes on with a partition: how far it said it came, or the oldest message where it never said. */
export async function startOffset(kafka: Kafka, group: string, topic: string, partition: number): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const [answer] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const said = Number(answer?.partitions.find((p) => p.partition === partition)?.offset ?? -1);
    if (said >= 0) return said;
    const ends = await admin.fetchTopicOffsets(topic);
    return Number(ends.find((p) => p.partition === partition)?.low ?? 0);
  } finally {
    await admin.disconnect();
  }
}
