/**
 * Seen remembers strings that were judged clean, in a table of fixed size where a newcomer takes the place of whoever was there.
 * A hit compares one string and makes nothing; a Map would have to hash every character of every fresh string.
 */
export interface Seen {
  has(s: string): boolean;
  add(s: string): void;
}

const SLOTS = 16_384;
/** Longer strings are not kept: 16,384 of them would be too much to hold. */
const MAX_LENGTH = 512;

export function createSeen(): Seen {
  const slots: string[] = new Array(SLOTS).fill("");
  return {
    has: (s) => s.length <= MAX_LENGTH && slots[slotOf(s)] === s,
    add(s) {
      if (s.length <= MAX_LENGTH) slots[slotOf(s)] = s;
    },
  };
}

/** slotOf samples eight characters, most from the end, where values of one field differ. */
function slotOf(s: string): number {
  const n = s.length;
  let h = n;
  h = (Math.imul(h, 31) + s.charCodeAt(n - 1)) | 0;
  h = (Math.imul(h, 31) + s.charCodeAt(n - 2)) | 0;
  h = (Math.imul(h, 31) + s.charCodeAt(n - 3)) | 0;
  h = (Math.imul(h, 31) + s.charCodeAt(n - 5)) | 0;
  h = (Math.imul(h, 31) + s.charCodeAt(n >> 1)) | 0;
  h = (Math.imul(h, 31) + s.charCodeAt(n >> 2)) | 0;
  h = (Math.imul(h, 31) + s.charCodeAt((n >> 1) + (n >> 2))) | 0;
  h = (Math.imul(h, 31) + s.charCodeAt(0)) | 0;
  return (h ^ (h >>> 14)) & (SLOTS - 1);
}
