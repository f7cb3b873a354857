import type { CountryRow, SourceRow, SubjectRow } from "../../schemas/queries/keys.ts";

/** Observed is all that a draft looks at: the numbers of one subject, where it came from, and when it was active. */
export interface Observed {
  subject: SubjectRow;
  sources: SourceRow[];
  countries: CountryRow[];
}

/** Proposal is a value with what it rests on; null says that nothing is proposed, and `why` says why. */
export interface Proposal<T> {
  value: T | null;
  why: string;
}

/** Active days from which a habit is well known, and from which it is more than chance. */
const SURE_DAYS = 20;
const SOME_DAYS = 5;

export function confidence(days: number): string {
  return `${days >= SURE_DAYS ? "high" : days >= SOME_DAYS ? "medium" : "low"} confidence`;
}

export const days = (n: number): string => `${n.toLocaleString("en-US")} day${n === 1 ? "" : "s"}`;
export const calls = (n: number): string => `${n.toLocaleString("en-US")} call${n === 1 ? "" : "s"}`;
/** date writes ms as "2026-11-15". */
export const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export function groupBy<K, T>(values: Iterable<T>, keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
