import { drop, type LightMap, noMap, put } from "./light_maps.ts";

/** ValueStat tells when a value was seen: UTC day numbers, and on how many distinct days. */
export interface ValueStat {
  first: number;
  last: number;
  days: number;
}

/**
 * ValueSet is the memory of one dimension of one subject: at most MAX_VALUES values, one observation per value and day.
 * `n` counts observations and `n1` the values seen on one day only; both survive eviction, so the unseen mass stays true.
 */
export interface ValueSet {
  values: LightMap<string, ValueStat>;
  n: number;
  n1: number;
}

export const MAX_VALUES = 64;

export const emptyValueSet = (): ValueSet => ({ values: noMap, n: 0, n1: 0 });

/** observeDay adds that the value was seen on that UTC day, earlier days included, and evicts the weakest value over the limit. */
export function observeDay(set: ValueSet, value: string, day: number, days = 1): void {
  const known = set.values.get(value);
  set.n += days;
  if (known) {
    if (known.days === 1) set.n1--;
    known.days += days;
    known.first = Math.min(known.first, day);
    known.last = Math.max(known.last, day);
    return;
  }
  if (days === 1) set.n1++;
  set.values = put(set.values, value, { first: day, last: day, days });
  if (set.values.size > MAX_VALUES) evictWeakest(set);
}

/** unlearn takes a value out with all its observations. */
export function unlearn(set: ValueSet, value: string): void {
  const stat = set.values.get(value);
  if (stat === undefined) return;
  set.values = drop(set.values, value);
  set.n -= stat.days;
  if (stat.days === 1) set.n1--;
}

/** The weakest is the one seen longest ago, then on the fewest days, then the smallest text: no order of arrival enters. */
function evictWeakest(set: ValueSet): void {
  let weakest: string | null = null;
  let stat: ValueStat | null = null;
  for (const [value, s] of set.values) {
    if (
      stat === null ||
      s.last < stat.last ||
      (s.last === stat.last && (s.days < stat.days || (s.days === stat.days && value < weakest!)))
    ) {
      weakest = value;
      stat = s;
    }
  }
  if (weakest !== null) set.values = drop(set.values, weakest);
}

/** forget drops values not seen for `keepDays` before `day`, with their counts: what is forgotten is no evidence. */
export function forget(set: ValueSet, day: number, keepDays: number): void {
  for (const [value, stat] of set.values) if (day - stat.last > keepDays) unlearn(set, value);
}

const SETTLING_DAYS = 7;
const RECENT_DAYS = 30;

/** Pace is how many values one active day shows, and the share of recent days that brought a new one. */
export interface Pace {
  perDay: number;
  newPerDay: number;
}

/** paceOf reads the pace of a set off what is remembered; the first week, in which all is new, does not count. */
export function paceOf(
  set: ValueSet,
  sealed: { firstDay: number; through: number; activeDays: number },
  keepDays: number,
): Pace {
  const since = Math.max(sealed.firstDay + SETTLING_DAYS, sealed.through - RECENT_DAYS);
  let fresh = 0;
  for (const stat of set.values.values()) if (stat.first > since) fresh++;
  return {
    perDay: Math.max(1, set.n / Math.max(1, Math.min(sealed.activeDays, keepDays))),
    newPerDay: fresh / Math.max(1, Math.min(sealed.activeDays, RECENT_DAYS)),
  };
}
