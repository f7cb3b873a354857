import { createRecent } from "../recent.ts";

/** Seen remembers strings that were judged clean, within bounds. */
export interface Seen {
  has(s: string): boolean;
  add(s: string): void;
}

/** Places of the table: 16,384 strings of at most 512 characters. */
const BITS = 14;

export function createSeen(): Seen {
  const recent = createRecent<true>(BITS);
  return { has: (s) => recent.get(s) === true, add: (s) => recent.set(s, true) };
}
