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
  const met = new Int32Array(1 << (BITS + 3));
  return {
    has: (s) => recent.get(s) === true,
    add(s) {
      const hash = slotOf(s);
      const place = hash & (met.length - 1);
      if (met[place] === hash) recent.set(s, true);
      else met[place] = hash;
    },
  };
}
