import { iso } from "../schemas/duration.ts";
import type { Transition, TransitionKind } from "../schemas/incident.ts";
import type { PendingRow } from "../schemas/queries/outbox.ts";
import type { About, Hold } from "./hold.ts";
import { laneKey, type Target } from "./targets.ts";

/** Entry is what still has to be told of one incident to one channel: its transitions n to last_n. */
export interface Entry extends Omit<PendingRow, "auto"> {
  /** True where keywatch speaks of its own accord; what people did is never held back. */
  auto: boolean;
  /** Null where it was read from the store and nobody asked yet. */
  about: About | null;
  /** Why it does not leave though it is due. */
  hold: Hold | null;
  /** Changes of its hold that are stored. */
  step: number;
  /** Nothing holds it any more: it leaves as it is, or may have left. */
  cleared: boolean;
  /** True where it uses up a budget. */
  counted: boolean;
  /** Above 0 while a transition that it takes in is being written: it must not leave before. */
  holds: number;
  sending: boolean;
}

/** Parcel is what leaves as one message: one entry, or all those of a bundle. */
export type Parcel = [Entry, ...Entry[]];

/** Batch puts entries into the outbox in memory; they may leave when their rows are stored and the batch is committed. */
export interface Batch {
  add(
    transition: Pick<Transition, "incident_uid" | "n"> & { kind?: TransitionKind },
    subjectUid: string,
    targets: readonly Target[],
    about?: About,
  ): void;
  /** Rows of the `messages` table that this batch writes. */
  rows(): object[];
  commit(): void;
  /** Takes everything back, for rows that could not be stored. */
  rollback(): void;
}

/** Outbox holds pending entries by lane (receiver and channel) and incident, each incident's in the order of its log. */
export interface Outbox {
  readonly size: number;
  batch(): Batch;
  /** Puts entries back that the store still has as pending. */
  restore(entries: readonly Entry[]): void;
  /** True while the message can still take another transition in: it is not due yet, or held, and was not begun. */
  waiting(incidentUid: string, target: Target, now: number): boolean;
  /** True while something about the incident is on its way to the channel, or held. */
  pending(incidentUid: string, whom: { receiver: string; channel: string }): boolean;
  lanes(): IterableIterator<string>;
  entries(lane: string): Entry[];
  /** What of a lane may leave now, longest due first: the first entry of each incident, and bundles that are whole. */
  due(lane: string, now: number): Parcel[];
  /** Has an entry leave with others, or alone (""). */
  rebundle(entry: Entry, bundle: string): void;
  /** Looks again at everything that is held. */
  recheck(now: number): void;
  remove(entry: Entry): void;
  /** Takes out every entry about these subjects. */
  forget(subjects: ReadonlySet<string>): void;
  /** When the entry that waits longest was due, ms; null when there is none. What is held does not wait. */
  oldestDue(): number | null;
}

/** Kinds that a person or the end of an incident brings about. */
const TOLD_BY_OTHERS: ReadonlySet<TransitionKind> = new Set([
  "acknowledged",
  "assigned",
  "commented",
  "suggested",
  "resolved",
  "merged",
]);

export function createOutbox(): Outbox {
  const lanes = new Map<string, Map<string, Entry[]>>();
  /** Entries of each bundle, by lane and bundle. */
  const bundles = new Map<string, Set<Entry>>();
  let size = 0;

  const laneOf = (e: { receiver: string; channel: string }): string => laneKey(e.receiver, e.channel);
  const bundleOf = (e: Entry): string => `${laneOf(e)}\n${e.bundle}`;
  const queueOf = (e: Entry): Entry[] => {
    const lane = lanes.get(laneOf(e)) ?? new Map<string, Entry[]>();
    lanes.set(laneOf(e), lane);
    const queue = lane.get(e.incident_uid) ?? [];
    lane.set(e.incident_uid, queue);
    return queue;
  };
  const find = (incident_uid: string, t: Target): Entry | undefined =>
    lanes
      .get(laneOf(t))
      ?.get(incident_uid)
      ?.find((e) => e.n === t.head);
  const join = (entry: Entry) => {
    if (entry.bundle === "") return;
    const members = bundles.get(bundleOf(entry)) ?? new Set();
    bundles.set(bundleOf(entry), members.add(entry));
  };
  const leave = (entry: Entry) => {
    const members = bundles.get(bundleOf(entry));
    members?.delete(entry);
    if (members?.size === 0) bundles.delete(bundleOf(entry));
  };
  const insert = (entry: Entry) => {
    const queue = queueOf(entry);
    queue.push(entry);
    queue.sort((a, b) => a.n - b.n);
    join(entry);
    size++;
  };
  const remove = (entry: Entry) => {
    const lane = lanes.get(laneOf(entry));
    const queue = lane?.get(entry.incident_uid);
    const at = queue?.indexOf(entry) ?? -1;
    if (at < 0) return;
    queue!.splice(at, 1);
    leave(entry);
    size--;
    if (queue!.length === 0) lane!.delete(entry.incident_uid);
  };
  const all = (lane: string): Entry[] => [...(lanes.get(lane)?.values() ?? [])].flat();
  const ready = (e: Entry, now: number): boolean =>
    e.next_at <= now && e.holds === 0 && !e.sending && lanes.get(laneOf(e))?.get(e.incident_uid)?.[0] === e;
  /** What is held leaves when its own reason ends; a digest leaves whole, but what became critical does not wait for it. */
  const alone = (e: Entry): boolean =>
    e.bundle === "" || (e.hold !== null && (e.hold.kind !== "budget" || e.about?.severity === "critical"));

  return {
    get size() {
      return size;
    },
    waiting(incidentUid, target, now) {
      const entry = find(incidentUid, target);
      if (entry === undefined || entry.sending || entry.attempts > 0 || entry.cleared) return false;
      return entry.hold !== null || entry.due > now;
    },
    pending: (incidentUid, whom) => lanes.get(laneOf(whom))?.has(incidentUid) ?? false,
    restore(entries) {
      for (const entry of entries) insert(entry);
    },
    batch() {
      const touched = new Map<
        Entry,
        { isNew: boolean; before: Pick<Entry, "last_n" | "auto" | "about" | "next_at"> }
      >();
      const touch = (entry: Entry, isNew: boolean) => {
        if (touched.has(entry)) return;
        const { last_n, auto, about, next_at } = entry;
        touched.set(entry, { isNew, before: { last_n, auto, about, next_at } });
        entry.holds++;
        entry.version++;
      };
      return {
        add({ incident_uid, n, kind = "opened" }, subject_uid, targets, about) {
          for (const t of targets) {
            let entry = find(incident_uid, t);
            if (!entry) {
              entry = entryOf({ subject_uid, incident_uid, last_n: n }, t);
              insert(entry);
              touch(entry, true);
            } else touch(entry, false);
            entry.last_n = Math.max(entry.last_n, n);
            entry.auto ||= !TOLD_BY_OTHERS.has(kind);
            entry.about = about ?? null;
            // What holds it may hold it no longer: it is worse, or over.
            if (entry.hold !== null && (about?.over !== false || about.severity === "critical")) entry.next_at = 0;
          }
        },
        rows: () => [...touched.keys()].map(messageRow),
        commit() {
          for (const entry of touched.keys()) entry.holds--;
        },
        rollback() {
          for (const [entry, { isNew, before }] of touched) {
            entry.holds--;
            Object.assign(entry, before);
            if (isNew) remove(entry);
          }
        },
      };
    },
    lanes: () => lanes.keys(),
    entries: all,
    due(lane, now) {
      const parcels: Parcel[] = [];
      const seen = new Set<string>();
      for (const [head] of lanes.get(lane)?.values() ?? []) {
        if (head === undefined || !ready(head, now)) continue;
        if (alone(head)) parcels.push([head]);
        else if (!seen.has(head.bundle)) {
          seen.add(head.bundle);
          const members = [...bundles.get(bundleOf(head))!].filter((e) => !alone(e));
          if (members.every((e) => ready(e, now))) parcels.push(members as Parcel);
        }
      }
      return parcels.sort(([a], [b]) => a.next_at - b.next_at || a.due - b.due);
    },
    rebundle(entry, bundle) {
      leave(entry);
      entry.bundle = bundle;
      join(entry);
    },
    recheck(now) {
      for (const lane of lanes.keys())
        for (const entry of all(lane)) if (entry.hold !== null && entry.hold.kind !== "budget") entry.next_at = now;
    },
    remove,
    forget(subjects) {
      for (const lane of lanes.keys())
        for (const entry of all(lane)) if (subjects.has(entry.subject_uid)) remove(entry);
    },
    oldestDue() {
      let oldest = Number.POSITIVE_INFINITY;
      for (const lane of lanes.values())
        for (const [head] of lane.values()) if (head?.hold === null) oldest = Math.min(oldest, head.due);
      return oldest === Number.POSITIVE_INFINITY ? null : oldest;
    },
  };
}

function entryOf(of: Pick<Entry, "subject_uid" | "incident_uid" | "last_n">, t: Target): Entry {
  const { receiver, channel, head: n, due, bundle } = t;
  return {
    ...{ ...of, receiver, channel, n, due, bundle, first_at: due, next_at: due, attempts: 0, version: 0 },
    ...{ auto: false, about: null, hold: null, step: 0, cleared: false, counted: false, holds: 0, sending: false },
  };
}

/** messageRow is the row that puts an entry into the outbox; what becomes of it is told by its deliveries and holds. */
function messageRow(e: Entry): object {
  const { subject_uid, incident_uid, receiver, channel, n, last_n, version, bundle } = e;
  const due = iso(e.due);
  return { subject_uid, incident_uid, receiver, channel, n, last_n, due, version, bundle, auto: Number(e.auto) };
}
