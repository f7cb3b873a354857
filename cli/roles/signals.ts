import { joinGroup } from "../../ingest/kafka/consume.ts";
import type { Sender } from "../../ingest/kafka/produce.ts";
import { type Signal, signal } from "../../schemas/signal.ts";
import { type Hub, patiently, type Role } from "./hub.ts";

/** emitSignals sends signals to the one partition that all of them share; the same signal twice is harmless to its readers. */
export const emitSignals = (hub: Hub, sender: Sender, signals: readonly Signal[]): Promise<void> =>
  sender.send(
    signals.map((s) => ({ topic: hub.topics.signals, partition: 0, key: s.subject_uid, value: JSON.stringify(s) })),
  );

/** startSignals hands every signal, in order, to one process of the installation; the others stand by. */
export async function startSignals(hub: Hub, onSignals: (signals: readonly Signal[]) => Promise<void>): Promise<Role> {
  const { kafka, brokers, topics, log } = hub;
  const group = await joinGroup({
    kafka,
    group: `${brokers.client_id}.signals`,
    topics: [topics.signals],
    sessionTimeout: brokers.session_timeout,
    oneOwner: true,
    open: async (assignment) => ({
      from: null,
      async take(messages) {
        const signals = messages.flatMap((m) => {
          const parsed = signal.safeParse(parse(m.value));
          return parsed.success ? [parsed.data] : [];
        });
        await patiently(assignment.held, () => onSignals(signals));
        await assignment.commit(messages.at(-1)!.offset + 1);
      },
      idle: async () => undefined,
      stillMine: async () => true,
      end: async () => undefined,
    }),
    onTrouble: (error, where) => log.warn({ ...where, error: String(error) }, "Reading signals broke off."),
  });
  return { lanes: group.lanes, stop: group.close };
}

function parse(value: Buffer | null): unknown {
  try {
    return JSON.parse(value?.toString("utf8") ?? "");
  } catch {
    return null;
  }
}
