import { byEventTime } from "../schemas/activity.ts";
import type { DetectEvent } from "./detection.ts";
import type { Due, PutOff } from "./waiting.ts";

/** Wanted names stored events of a provider that waited outside of memory; ms, both ends inclusive. */
export interface Wanted {
  provider: string;
  from: number;
  to: number;
}

/** Release judges what waited, in memory and in the store, in one order. */
export interface Release {
  /** What is still to be read. */
  wanted(): Wanted;
  /** Judges what the store gave, in event-time order; with `last`, that was all of it. Others among it are passed over. */
  supply(events: readonly DetectEvent[], last: boolean): void;
}

export function newRelease(
  provider: string,
  { events: inMemory, putOff }: Due & { putOff: PutOff },
  judge: (event: DetectEvent) => void,
): Release {
  let next = 0;
  let { from } = putOff;
  /** Numbers of events at `from` that were judged: should the rest not be readable now, it is read again from there. */
  let done = new Set<number>();

  return {
    wanted: () => ({ provider, from, to: putOff.to }),
    supply(events, last) {
      for (const event of events) {
        if (event.time < from || done.has(event.seq) || !putOff.has(event)) continue;
        while (next < inMemory.length && byEventTime(inMemory[next]!, event) < 0) judge(inMemory[next++]!);
        judge(event);
        if (event.time > from) done = new Set();
        from = event.time;
        done.add(event.seq);
      }
      if (last) while (next < inMemory.length) judge(inMemory[next++]!);
    },
  };
}
