import { byEventTime } from "../schemas/activity.ts";
import { dayOf } from "../schemas/duration.ts";
import { type DetectEvent, detectPart } from "./detection.ts";

/** PutOff names stored events that wait, by their numbers: between two event times (ms, both ends inclusive). */
export interface PutOff {
  from: number;
  to: number;
  has(event: Pick<DetectEvent, "seq" | "subject_uid">): boolean;
}

/** Due is what waited long enough: in memory, in event order, and in the store. */
export interface Due {
  events: DetectEvent[];
  putOff: PutOff | null;
}

/**
 * Waiting keeps the events of days whose day before is not sealed yet: a quarter of an hour of them after midnight, millions where
 * thousands come in a second. Beyond a bound the oldest leave memory, because the store has them; 8 bytes stay of each.
 */
export interface Waiting {
  add(event: DetectEvent): void;
  size(): number;
  /** First day that something waits for; null when nothing waits. */
  firstDay(): number | null;
  /** Takes what waits for days up to this one. */
  take(day: number): Due;
  forget(subjects: ReadonlySet<string>): void;
}

/** Away is what left memory, of one day. */
interface Away {
  seqs: number[];
  from: number;
  to: number;
}

/** newWaiting holds up to twice `max` events in memory. */
export function newWaiting(max: number): Waiting {
  let inMemory: DetectEvent[] = [];
  const away = new Map<number, Away>();
  /** Forgotten subjects, with the last number that is meant: they may come back. */
  let forgotten = new Map<string, number>();
  let lastSeq = -1;

  function putAway(events: readonly DetectEvent[]): void {
    for (const { seq, time } of events) {
      const day = dayOf(time);
      let of = away.get(day);
      if (!of) {
        of = { seqs: [], from: time, to: time };
        away.set(day, of);
      }
      of.seqs.push(seq);
      of.from = Math.min(of.from, time);
      of.to = Math.max(of.to, time);
    }
  }

  function takeAway(day: number): PutOff | null {
    const due = [...away].filter(([d]) => d <= day);
    if (due.length === 0) return null;
    for (const [d] of due) away.delete(d);
    const seqs = new Float64Array(due.reduce((n, [, d]) => n + d.seqs.length, 0));
    let filled = 0;
    for (const [, d] of due) {
      seqs.set(d.seqs, filled);
      filled += d.seqs.length;
    }
    seqs.sort();
    const gone = forgotten;
    if (away.size === 0) forgotten = new Map();
    return {
      from: Math.min(...due.map(([, d]) => d.from)),
      to: Math.max(...due.map(([, d]) => d.to)),
      has: ({ seq, subject_uid }) => isIn(seqs, seq) && seq > (gone.get(subject_uid) ?? -1),
    };
  }

  return {
    add(event) {
      inMemory.push(detectPart(event));
      lastSeq = Math.max(lastSeq, event.seq);
      if (inMemory.length >= 2 * max) putAway(inMemory.splice(0, max));
    },
    size: () => inMemory.length + [...away.values()].reduce((n, { seqs }) => n + seqs.length, 0),
    firstDay() {
      let first = Number.POSITIVE_INFINITY;
      for (const { time } of inMemory) first = Math.min(first, dayOf(time));
      for (const day of away.keys()) first = Math.min(first, day);
      return Number.isFinite(first) ? first : null;
    },
    take(day) {
      const events = inMemory.filter((e) => dayOf(e.time) <= day).sort(byEventTime);
      if (events.length > 0) inMemory = inMemory.filter((e) => dayOf(e.time) > day);
      return { events, putOff: takeAway(day) };
    },
    forget(subjects) {
      inMemory = inMemory.filter((e) => !subjects.has(e.subject_uid));
      if (away.size > 0) for (const subject of subjects) forgotten.set(subject, lastSeq);
    },
  };
}

/** isIn looks a number up in a sorted list. */
function isIn(sorted: Float64Array, wanted: number): boolean {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const value = sorted[middle]!;
    if (value === wanted) return true;
    if (value < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
