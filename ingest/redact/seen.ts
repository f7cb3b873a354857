import { createRecent, slotOf } from "../recent.ts";

/** Seen remembers strings that were judged clean, within bounds. */
export interface Seen {
  has(s: string): boolean;
  add(s: string): void;
}

/** Places of the table: 16,384 strings of at most 512 characters. */
const BITS = 14;

/** createSeen keeps a string when it comes a second time: most never do, and each one kept would live long enough to be copied. */
export function createSeen(): Seen {
  const recent = createRecent<true>(BITS);
  // A byte for each string met once, so that all of them stay near the processor; one in 128 is taken for another.
  const met = new Uint8Array(1 << (BITS + 3));
  return {
    has: (s) => recent.get(s) === true,
    add(s) {
      const hash = slotOf(s);
      const place = hash & (met.length - 1);
      const mark = (hash >>> 24) | 1;
      if (met[place] === mark) recent.set(s, true);
      else met[place] = mark;
    },
  };
}
