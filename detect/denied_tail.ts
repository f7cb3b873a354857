import { DAY_MS } from "../schemas/duration.ts";
import type { OpenDay, Sealed } from "./profile.ts";

/** So many operations denied on a day speak for themselves. */
const MAX_TAIL = 16;

/** DeniedTail is what was denied on the day before, so that a day of 24 hours may begin before midnight. */
export interface DeniedTail {
  day: number;
  /** The most distinct denied operations on any day before that one. */
  most: number;
  /** Operations with their first denied calls. */
  operations: [operation: string, time: number, uid: string][];
}

/** sealDeniedTail goes before the day is counted among the days before. */
export function sealDeniedTail(sealed: Sealed, day: OpenDay): void {
  const { deniedOperations: denied } = day;
  sealed.deniedTail =
    denied.size === 0 || denied.size > MAX_TAIL
      ? null
      : {
          day: day.day,
          most: sealed.deniedOperations.most,
          operations: [...denied].map(([name, [time, uid]]): [string, number, string] => [name, time, uid]).sort(),
        };
}

/** Denied calls within 24 hours that begin on the day before: first calls of distinct operations. */
export type AcrossMidnight = ReadonlyMap<string, [time: number, uid: string]>;

/**
 * deniedAcross gives the 24 hours with the most distinct denied operations that begin on the day before and end on this one; null where
 * nothing was denied then, or where `enough` were and that day spoke. More events never make it fewer.
 */
export function deniedAcross(day: OpenDay, tail: DeniedTail | null, enough: number): AcrossMidnight | null {
  if (tail === null || tail.day !== day.day - 1 || tail.operations.length >= enough) return null;
  const today = [...day.deniedOperations];
  if (new Set([...today.map(([name]) => name), ...tail.operations.map(([name]) => name)]).size < enough) return null;
  let most: AcrossMidnight | null = null;
  for (const [, start] of tail.operations) {
    const within = new Map<string, [number, string]>();
    for (const [name, time, uid] of tail.operations) if (time >= start) within.set(name, [time, uid]);
    for (const [name, use] of today) if (use[0] < start + DAY_MS && !within.has(name)) within.set(name, use);
    if (within.size > (most?.size ?? 0)) most = within;
  }
  return most;
}
