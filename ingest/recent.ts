import { codeAt } from "../schemas/code_at.ts";
/**
 * Recent remembers what was drawn from strings that repeat, in a table of fixed size where a newcomer takes the place of whoever was
 * there. A hit samples eight characters and compares one string; a Map would have to hash every character of every fresh string.
 */
export interface Recent<V> {
  get(s: string): V | undefined;
  set(s: string, value: V): void;
}

/** createRecent makes a table of 2^bits places; strings longer than `maxLength` are not kept. */
export function createRecent<V>(bits: number, maxLength = 512): Recent<V> {
  const mask = (1 << bits) - 1;
  const hashes = new Int32Array(1 << bits);
  const names: string[] = new Array(1 << bits).fill("");
  const values: (V | undefined)[] = new Array(1 << bits).fill(undefined);
  return {
    get(s) {
      const hash = slotOf(s);
      const at = hash & mask;
      // The kept string lies somewhere in memory: it is looked at only where it is most likely the same.
      return hashes[at] === hash && names[at] === s ? values[at] : undefined;
    },
    set(s, value) {
      if (s.length === 0 || s.length > maxLength) return;
      const hash = slotOf(s);
      const at = hash & mask;
      hashes[at] = hash;
      names[at] = s;
      values[at] = value;
    },
  };
}

/** remembering gives `of` with a memory of 2^bits texts: for what is drawn from operations, statuses and names, which repeat. */
export function remembering<V>(of: (s: string) => V, bits = 10): (s: string) => V {
  const known = createRecent<{ value: V }>(bits, 128);
  return (s) => {
    const hit = known.get(s);
    if (hit !== undefined) return hit.value;
    const value = of(s);
    known.set(s, { value });
    return value;
  };
}

const MAX_NAME = 96;
const MAX_NAMES = 10_000;

/**
 * rememberingNames is remembering for names of fields, in a Map: they are internal strings of the engine, whose hash is known, and a
 * look-up compares pointers.
 */
export function rememberingNames<V>(of: (name: string) => V): (name: string) => V {
  const known = new Map<string, V>();
  return (name) => {
    const hit = known.get(name);
    if (hit !== undefined) return hit;
    const value = of(name);
    if (known.size >= MAX_NAMES) known.clear();
    if (name.length <= MAX_NAME) known.set(name, value);
    return value;
  };
}

/** Shorter texts are read whole. */
const SAMPLED = 8;

/**
 * slotOf samples the length and eight characters, six of them from the end, where values of one field differ: the last six digits of
 * numbered names each count.
 */
export function slotOf(s: string): number {
  const n = s.length;
  let h = n;
  if (n < SAMPLED) for (let i = 0; i < n; i++) h = (Math.imul(h, 31) + codeAt(s, i)) | 0;
  else {
    h = (Math.imul(h, 31) + codeAt(s, n - 1)) | 0;
    h = (Math.imul(h, 31) + codeAt(s, n - 2)) | 0;
    h = (Math.imul(h, 31) + codeAt(s, n - 3)) | 0;
    h = (Math.imul(h, 31) + codeAt(s, n - 4)) | 0;
    h = (Math.imul(h, 31) + codeAt(s, n - 5)) | 0;
    h = (Math.imul(h, 31) + codeAt(s, n - 6)) | 0;
    h = (Math.imul(h, 31) + codeAt(s, n >> 1)) | 0;
    h = (Math.imul(h, 31) + codeAt(s, (n >> 1) + (n >> 2))) | 0;
  }
  h = Math.imul(h, 0x9e3779b1);
  return h ^ (h >>> 15);
}
