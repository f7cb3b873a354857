import { type Assignment, joinGroup, type Message, type Work } from "../../ingest/kafka/consume.ts";
import { openTransactor } from "../../ingest/kafka/produce.ts";
import { emptyYield } from "../../ingest/normalizer.ts";
import { readMessage } from "../../ingest/sources/kafka.ts";
import type { KafkaSource } from "../../schemas/config.ts";
import { ConfigFault } from "../../schemas/faults.ts";
import type { Hub, Role } from "./hub.ts";
import { tellGap } from "./place.ts";
import { countYield, outgoingOf } from "./publish.ts";

/** Bytes of raw messages that one transaction reads: many enough to be cheap, few enough to be soon. */
const CHUNK_BYTES = 4 * 1024 * 1024;
const CHUNK_MESSAGES = 5_000;

/**
 * startIngest reads the user's topics into `keywatch.events`, exactly once: what was read and how far are one transaction. The
 * transactional id belongs to the input partition, so that its next owner shuts out the one before.
 */
export async function startIngest(hub: Hub): Promise<Role> {
  const { config, kafka, brokers, log } = hub;
  const sources = config.sources.filter((s): s is KafkaSource => s.kind === "kafka");
  if (sources.length === 0) return { lanes: () => [], stop: async () => undefined };
  for (const { topic, provider } of sources)
    if (provider !== "auto" && hub.parts.registry.byId(provider) === null)
      throw new ConfigFault("sources", [
        `${topic}: there is no provider "${provider}"; known are auto, ${hub.parts.registry.ids().join(", ")}`,
      ]);
  const group = await joinGroup({
    kafka,
    group: groupName(hub),
    topics: sources.map((s) => s.topic),
    sessionTimeout: brokers.session_timeout,
    stopping: hub.stopping,
    open: (assignment) => openPartition(hub, assignment, sources.find((s) => s.topic === assignment.topic)!),
    onGap: (gap, where) => tellGap(log, gap, where),
    onTrouble: (error, where) =>
      log.warn({ ...where, error: String(error) }, "Reading a topic broke off; it goes on from the last transaction."),
  });
  return { lanes: group.lanes, stop: group.close };
}

const groupName = (hub: Hub): string => `${hub.brokers.client_id}.ingest`;

async function openPartition(hub: Hub, assignment: Assignment, source: KafkaSource): Promise<Work> {
  const { kafka, brokers, now } = hub;
  const { topic, partition } = assignment;
  const group = groupName(hub);
  const transactor = await openTransactor(kafka, `${group}.${topic}.${partition}`, brokers);

  async function take(messages: readonly Message[]): Promise<void> {
    for (let i = 0; i < messages.length; ) {
      const begun = performance.now();
      const yielded = emptyYield();
      const first = messages[i]!;
      let bytes = 0;
      let last = first;
      for (; i < messages.length && bytes < CHUNK_BYTES && last.offset - first.offset < CHUNK_MESSAGES; i++) {
        last = messages[i]!;
        bytes += last.value?.length ?? 0;
        readMessage(hub.parts, { topic, partition, provider: source.provider, now }, last, yielded);
      }
      if (!assignment.held()) return;
      const headers = { from: `${topic}/${partition}@${first.offset}-${last.offset}`, ...traceOf(first) };
      await transactor.transact(outgoingOf(hub, yielded, headers), {
        group,
        topic,
        partition,
        offset: last.offset + 1,
      });
      countYield(hub.counters, yielded);
      hub.metrics.batch({
        source: "kafka",
        provider: source.provider,
        stored: yielded.events.length,
        duplicates: 0,
        dropped: yielded.dropped,
        deadLetters: yielded.letters.map((l) => l.reason),
        bytes,
        seconds: (performance.now() - begun) / 1000,
      });
    }
  }

  return {
    // Asked for when the transactional id is ours: an earlier owner's transaction is over by then, one way or the other.
    from: null,
    take,
    idle: async () => undefined,
    // A later owner has shut the transactional id: the next transaction would tell.
    stillMine: async () => true,
    end: () => transactor.close(),
  };
}

/** A chunk goes on under the trace of its first message (W3C Trace Context). */
const traceOf = ({ headers }: Message): Record<string, string> =>
  headers.traceparent === undefined ? {} : { traceparent: headers.traceparent };
