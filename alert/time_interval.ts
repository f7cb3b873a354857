import type { Range, TimeInterval, TimeIntervals } from "../schemas/time_interval.ts";
import { offsetMs } from "../schemas/zone.ts";

/** within tells whether the interval holds at a moment, by the wall clock of its zone. */
export function within(interval: TimeInterval, time: number): boolean {
  const local = new Date(time + offsetMs(interval.location, time));
  const day = local.getUTCDate();
  const daysInMonth = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  return (
    some(
      interval.times,
      local.getUTCHours() * 60 + local.getUTCMinutes(),
      (r, minute) => minute >= r.from && minute < r.to,
    ) &&
    some(interval.weekdays, local.getUTCDay(), inWeek) &&
    some(interval.days_of_month, day, (r) => day >= dayOf(r.from, daysInMonth) && day <= dayOf(r.to, daysInMonth)) &&
    some(interval.months, local.getUTCMonth() + 1, inRange) &&
    some(interval.years, local.getUTCFullYear(), inRange)
  );
}

const some = (ranges: readonly Range[], value: number, holds: (range: Range, value: number) => boolean): boolean =>
  ranges.length === 0 || ranges.some((range) => holds(range, value));
const inRange = (r: Range, value: number): boolean => value >= r.from && value <= r.to;
/** A week may be written over its end: saturday:monday. */
const inWeek = (r: Range, day: number): boolean => (r.from <= r.to ? inRange(r, day) : day >= r.from || day <= r.to);
/** A negative day counts from the end; one before the first day is the day before it, so that a range begins there. */
const dayOf = (day: number, daysInMonth: number): number => (day > 0 ? day : Math.max(0, daysInMonth + day + 1));

/** Muting says why a route does not speak at a moment. */
export interface Muting {
  /** The interval that mutes, or those of which none is active. */
  by: string;
  note: string;
}

/** mutedBy tells whether a route is silent now: inside one of its mute intervals, or outside of all its active ones. */
export function mutedBy(
  route: { mute_time_intervals: readonly string[]; active_time_intervals: readonly string[] },
  intervals: readonly TimeIntervals[],
  now: number,
): Muting | null {
  const holds = (name: string) =>
    intervals.find((i) => i.name === name)?.time_intervals.some((interval) => within(interval, now)) ?? false;
  const muted = route.mute_time_intervals.find(holds);
  if (muted !== undefined) return { by: muted, note: `muted during ${muted}` };
  const { active_time_intervals: active } = route;
  if (active.length === 0 || active.some(holds)) return null;
  return { by: active.join(", "), note: `outside of ${active.join(", ")}` };
}
