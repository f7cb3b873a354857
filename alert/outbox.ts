import { iso } from "../schemas/duration.ts";
import type { Transition } from "../schemas/incident.ts";
import type { PendingRow } from "../schemas/queries/outbox.ts";
import { laneKey, type Target } from "./targets.ts";

/** Entry is one message that still has to be delivered: transitions n to last_n of an incident, to one channel. */
export interface Entry extends PendingRow {
  /** Above 0 while a transition that it takes in is being written: it must not leave before. */
  holds: number;
  sending: boolean;
}

/** Batch puts messages into the outbox in memory; they may leave when their rows are stored and the batch is committed. */
export interface Batch {
  add(transition: Pick<Transition, "incident_uid" | "n">, subjectUid: string, targets: readonly Target[]): void;
  /** Rows of the `messages` table that this batch writes. */
  rows(): object[];
  commit(): void;
  /** Takes everything back, for rows that could not be stored. */
  rollback(): void;
}

/** Outbox holds pending messages by lane (receiver and channel) and incident, each incident's in the order of its log. */
export interface Outbox {
  readonly size: number;
  batch(): Batch;
  /** Puts rows back that the store still has as pending. */
  restore(rows: readonly PendingRow[]): void;
  /** True while the message has not been begun. */
  waiting(incidentUid: string, target: Target): boolean;
  lanes(): IterableIterator<string>;
  /** The first message of each incident of a lane that may leave now, longest due first. */
  due(lane: string, now: number): Entry[];
  remove(entry: Entry): void;
  /** Takes out every message about these subjects. */
  forget(subjects: ReadonlySet<string>): void;
  /** When the next message of any lane falls due; Infinity when there is none. */
  nextAt(): number;
  /** When the message that waits longest was due, ms; null when there is none. */
  oldestDue(): number | null;
}

export function createOutbox(): Outbox {
  const lanes = new Map<string, Map<string, Entry[]>>();
  let size = 0;

  const queueOf = (e: { receiver: string; channel: string; incident_uid: string }): Entry[] => {
    const key = laneKey(e.receiver, e.channel);
    const lane = lanes.get(key) ?? new Map<string, Entry[]>();
    lanes.set(key, lane);
    const queue = lane.get(e.incident_uid) ?? [];
    lane.set(e.incident_uid, queue);
    return queue;
  };
  const find = (incident_uid: string, t: Target): Entry | undefined =>
    lanes
      .get(laneKey(t.receiver, t.channel))
      ?.get(incident_uid)
      ?.find((e) => e.n === t.head);
  const insert = (entry: Entry) => {
    const queue = queueOf(entry);
    queue.push(entry);
    queue.sort((a, b) => a.n - b.n);
    size++;
  };
  const remove = (entry: Entry) => {
    const lane = lanes.get(laneKey(entry.receiver, entry.channel));
    const queue = lane?.get(entry.incident_uid);
    const at = queue?.indexOf(entry) ?? -1;
    if (at < 0) return;
    queue!.splice(at, 1);
    size--;
    if (queue!.length === 0) lane!.delete(entry.incident_uid);
  };

  return {
    get size() {
      return size;
    },
    waiting(incidentUid, target) {
      const entry = find(incidentUid, target);
      return entry !== undefined && !entry.sending && entry.attempts === 0;
    },
    restore(rows) {
      for (const row of rows) insert({ ...row, holds: 0, sending: false });
    },
    batch() {
      const touched = new Map<Entry, { isNew: boolean; lastN: number }>();
      const touch = (entry: Entry, isNew: boolean) => {
        if (touched.has(entry)) return;
        touched.set(entry, { isNew, lastN: entry.last_n });
        entry.holds++;
        entry.version++;
      };
      return {
        add({ incident_uid, n }, subject_uid, targets) {
          for (const t of targets) {
            let entry = find(incident_uid, t);
            if (!entry) {
              const { receiver, channel, head, due } = t;
              const at = { due, first_at: due, next_at: due, attempts: 0, version: 0, holds: 0, sending: false };
              entry = { subject_uid, incident_uid, receiver, channel, n: head, last_n: n, ...at };
              insert(entry);
              touch(entry, true);
            } else touch(entry, false);
            entry.last_n = Math.max(entry.last_n, n);
          }
        },
        rows: () => [...touched.keys()].map(messageRow),
        commit() {
          for (const entry of touched.keys()) entry.holds--;
        },
        rollback() {
          for (const [entry, { isNew, lastN }] of touched) {
            entry.holds--;
            entry.last_n = lastN;
            if (isNew) remove(entry);
          }
        },
      };
    },
    lanes: () => lanes.keys(),
    due(lane, now) {
      const heads: Entry[] = [];
      for (const queue of lanes.get(lane)?.values() ?? []) {
        const head = queue[0]!;
        if (head.next_at <= now && head.holds === 0 && !head.sending) heads.push(head);
      }
      return heads.sort((a, b) => a.next_at - b.next_at || a.due - b.due);
    },
    remove,
    forget(subjects) {
      const entries = [...lanes.values()].flatMap((lane) => [...lane.values()].flat());
      for (const entry of entries) if (subjects.has(entry.subject_uid)) remove(entry);
    },
    nextAt() {
      let next = Number.POSITIVE_INFINITY;
      for (const lane of lanes.values()) for (const queue of lane.values()) next = Math.min(next, queue[0]!.next_at);
      return next;
    },
    oldestDue() {
      let oldest = Number.POSITIVE_INFINITY;
      for (const lane of lanes.values()) for (const queue of lane.values()) oldest = Math.min(oldest, queue[0]!.due);
      return oldest === Number.POSITIVE_INFINITY ? null : oldest;
    },
  };
}

/** messageRow is the row that puts a message into the outbox; what becomes of it is told by its deliveries. */
function messageRow(e: Entry): object {
  const { subject_uid, incident_uid, receiver, channel, n, last_n, version } = e;
  return { subject_uid, incident_uid, receiver, channel, n, last_n, due: iso(e.due), version };
}
