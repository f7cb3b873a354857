import type { Batch } from "./outbox.ts";
import type { Target } from "./targets.ts";

/** Told is what a transition in the log says about who was to hear of it. */
export interface Told {
  subject_uid: string;
  incident_uid: string;
  n: number;
  targets: readonly Target[];
}

/** Standing is what the outbox table knows of a message. */
export interface Known {
  incident_uid: string;
  receiver: string;
  channel: string;
  n: number;
  last_n: number;
  status: string;
}

/**
 * repairOutbox puts into the batch what the log told and the outbox does not hold: the process was killed, or the store
 * refused, between the two. A transition whose message left without it gets a message of its own. Gives how many there were.
 */
export function repairOutbox(batch: Batch, told: readonly Told[], known: readonly Known[]): number {
  const messages = new Map(known.map((k) => [keyOf(k.incident_uid, k.receiver, k.channel, k.n), k]));
  /** Head of the message of its own that late transitions of one message share. */
  const late = new Map<string, number>();
  let repaired = 0;
  for (const t of [...told].sort((a, b) => a.n - b.n)) {
    for (const target of t.targets) {
      const key = keyOf(t.incident_uid, target.receiver, target.channel, target.head);
      const message = messages.get(key);
      if (message && message.last_n >= t.n) continue;
      if (message && message.status !== "pending") {
        const head = late.get(key) ?? t.n;
        late.set(key, head);
        const own = messages.get(keyOf(t.incident_uid, target.receiver, target.channel, head));
        if (own && own.last_n >= t.n) continue;
        batch.add(t, t.subject_uid, [{ ...target, head }]);
      } else batch.add(t, t.subject_uid, [target]);
      repaired++;
    }
  }
  return repaired;
}

const keyOf = (incident: string, receiver: string, channel: string, n: number): string =>
  `${incident}\n${receiver}\n${channel}\n${n}`;
