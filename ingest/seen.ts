import { codeAt } from "../schemas/code_at.ts";
import { HOUR_MS } from "../schemas/duration.ts";

/**
 * SeenFilter remembers, within bounds, which events were stored, as 53-bit hashes in two generations of open addressing.
 * "Maybe seen" must be confirmed by the store; "certainly new" is sure only for hours of event time that the filter covers whole.
 */
export interface SeenFilter {
  /** True: was not stored. False: ask the store. */
  certainlyNew(hash: number, time: number): boolean;
  add(hash: number, time: number): void;
  /** Hours of event time about which the store knows more than the filter. */
  distrust(hours: Iterable<number>): void;
}

export const hourOf = (time: number): number => Math.floor(time / HOUR_MS);

const CAPACITY = 1 << 21;
const MAX_FILL = CAPACITY * 0.6;

export function createSeenFilter(): SeenFilter {
  let current = generation();
  let previous = generation();
  const distrusted = new Set<number>();
  return {
    certainlyNew: (hash, time) => !distrusted.has(hourOf(time)) && !has(current, hash) && !has(previous, hash),
    add(hash, time) {
      insert(current, hash);
      current.hours.add(hourOf(time));
      if (current.size < MAX_FILL) return;
      for (const hour of previous.hours) distrusted.add(hour);
      previous = current;
      current = generation();
    },
    distrust(hours) {
      for (const hour of hours) distrusted.add(hour);
    },
  };
}

interface Generation {
  slots: Float64Array;
  size: number;
  hours: Set<number>;
}

const generation = (): Generation => ({ slots: new Float64Array(CAPACITY), size: 0, hours: new Set() });

function has(g: Generation, hash: number): boolean {
  let i = hash % CAPACITY;
  for (;;) {
    const slot = g.slots[i]!;
    if (slot === 0) return false;
    if (slot === hash) return true;
    i = (i + 1) % CAPACITY;
  }
}

function insert(g: Generation, hash: number): void {
  let i = hash % CAPACITY;
  for (;;) {
    const slot = g.slots[i]!;
    if (slot === hash) return;
    if (slot === 0) {
      g.slots[i] = hash;
      g.size++;
      return;
    }
    i = (i + 1) % CAPACITY;
  }
}

/** hash53 is a fast non-cryptographic hash (cyrb53) of an event's identity, never 0: the filter only, never a proof. */
export function hash53(text: string, seed: number): number {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0, end = text.length; i < end; i++) {
    const c = codeAt(text, i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0) + 1;
}
