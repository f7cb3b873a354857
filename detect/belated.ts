import type { Profile } from "./profile.ts";

/** Belated names keys of which calls may have come before the word that they had been revoked: those behind `from` (ms) are asked again. */
export interface Belated {
  keys: string[];
  from: number;
}

/** Keys of one question. */
const MAX_KEYS = 500;

/** usedBehind tells whether a key may have calls behind a time, ms; one without a profile of its own may. */
export const usedBehind = (profile: Profile | null, time: number): boolean =>
  profile === null || profile.sealed.lastTime > time || [...profile.days.values()].some((day) => day.lastTime > time);

/** BelatedBook remembers them until their calls were asked again. */
export interface BelatedBook {
  /** Notes that a key was revoked at a time, as was told when all before the watermark had come, and events up to a lateness behind it; ms. */
  note(key: string, time: number, watermark: number, latenessMs: number): void;
  /** What is to be asked again, a part of it where there is much; null where nothing is. */
  next(): Belated | null;
  /** Time before which a call of the key had come late, when the word came. */
  lateBefore(key: string): number;
  /** What `next` gave last was asked. */
  done(): void;
  clear(): void;
}

interface Entry {
  from: number;
  watermark: number;
}

export function createBelatedBook(): BelatedBook {
  const entries = new Map<string, Entry>();
  let asked: [string, Entry][] = [];
  return {
    note(key, time, watermark, latenessMs) {
      if (time >= watermark + latenessMs) return;
      const known = entries.get(key) ?? { from: time, watermark };
      entries.set(key, { from: Math.min(known.from, time), watermark: Math.min(known.watermark, watermark) });
    },
    next() {
      asked = [...entries].slice(0, MAX_KEYS);
      if (asked.length === 0) return null;
      return { keys: asked.map(([key]) => key), from: Math.min(...asked.map(([, { from }]) => from)) };
    },
    lateBefore: (key) => entries.get(key)?.watermark ?? Number.NEGATIVE_INFINITY,
    done() {
      // One that was noted anew meanwhile is asked once more.
      for (const [key, entry] of asked) if (entries.get(key) === entry) entries.delete(key);
      asked = [];
    },
    clear: () => entries.clear(),
  };
}
