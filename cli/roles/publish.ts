import { type KeyChange, keyChange } from "../../detect/revocations.ts";
import type { DeadLetter } from "../../ingest/dead_letter.ts";
import { encodeEvents } from "../../ingest/kafka/event_message.ts";
import { partitionOf } from "../../ingest/kafka/partition.ts";
import type { Outgoing } from "../../ingest/kafka/produce.ts";
import type { Yield } from "../../ingest/normalizer.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Counters } from "../app.ts";
import type { Hub } from "./hub.ts";

/** Revoked is told to every partition: the key is another principal's than whoever revoked it or made it active again. */
export type Revoked = KeyChange;

export const KIND = "kind";
/** Kind of a finding of old events; the others are of kind `finding`. */
export const PAST = "past";

/** isPast tells findings of old events, which page nobody. */
export const isPast = ({ now, config }: Pick<Hub, "now" | "config">, finding: Finding): boolean =>
  now() - finding.last_seen > config.alert.max_age;

/** findingMessages are findings on their way to the alerter, in the one partition that all of them share. */
export const findingMessages = (
  hub: Pick<Hub, "topics" | "now" | "config">,
  findings: readonly Finding[],
): Outgoing[] =>
  findings.map((finding) => ({
    topic: hub.topics.findings,
    partition: 0,
    key: finding.subject_uid,
    value: JSON.stringify(finding),
    headers: { [KIND]: isPast(hub, finding) ? PAST : "finding" },
  }));

/** outgoingOf turns what was read into messages: events to the partition of their principal, letters to theirs. */
export function outgoingOf(
  hub: Pick<Hub, "topics" | "partitions">,
  yielded: Yield,
  headers: Record<string, string>,
): Outgoing[] {
  const { topics, partitions } = hub;
  const byPartition = Array.from({ length: partitions }, (): ApiActivity[] => []);
  const out: Outgoing[] = [];
  for (const event of yielded.events) {
    byPartition[partitionOf(event.principal_uid, partitions)]!.push(event);
    const change = keyChange(event);
    if (change === null) continue;
    const value = JSON.stringify(change);
    for (let partition = 0; partition < partitions; partition++)
      out.push({ topic: topics.events, partition, value, headers: { ...headers, [KIND]: "revoked" } });
  }
  for (const [partition, events] of byPartition.entries()) {
    for (const value of encodeEvents(events))
      out.push({ topic: topics.events, partition, value, headers: { ...headers, [KIND]: "events" } });
  }
  return [...out, ...yielded.letters.map((letter) => letterMessage(topics.deadLetter, letter))];
}

const letterMessage = (topic: string, letter: DeadLetter): Outgoing => ({
  topic,
  key: letter.uid,
  value: JSON.stringify(letter),
  headers: { [KIND]: "dead_letter" },
});

/** countYield counts every exit of the records that were read. */
export function countYield(counters: Counters, yielded: Yield): void {
  counters.records += yielded.records;
  counters.deadLetters += yielded.letters.length;
  for (const [reason, n] of yielded.dropped) counters.dropped.set(reason, (counters.dropped.get(reason) ?? 0) + n);
}
