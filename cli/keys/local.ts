import { DAY_MS } from "../../schemas/duration.ts";
import { offsetMs } from "../../schemas/zone.ts";

const SLOT_MS = 900_000;
const SLOTS = 96;

/** LocalActivity is when a key was active by the clock of one zone: each quarter hour of each day counts once. */
export interface LocalActivity {
  /** Active days per quarter hour of the local day. */
  byQuarter: Float64Array;
  /** Active days per local hour of the week, Monday 0 h first. */
  byHourOfWeek: Float64Array;
}

/** localActivity counts quarter hours since the epoch by the clock of a zone; only inside the window, where one is given. */
export function localActivity(slots: Iterable<number>, zone: string): LocalActivity {
  const byQuarter = new Float64Array(SLOTS);
  const byHourOfWeek = new Float64Array(168);
  const hours = new Set<number>();
  for (const local of localSlots(slots, zone)) {
    byQuarter[local % SLOTS]!++;
    const hour = Math.floor(local / 4);
    if (hours.has(hour)) continue;
    hours.add(hour);
    byHourOfWeek[weekdayOf(Math.floor(hour / 24)) * 24 + (hour % 24)]!++;
  }
  return { byQuarter, byHourOfWeek };
}

/** daysInside counts the local days with activity inside a window, by weekday, Monday first; a night belongs to the day it began on. */
export function daysInside(slots: Iterable<number>, zone: string, from: number, length: number): number[] {
  const days = new Set<number>();
  for (const local of localSlots(slots, zone)) {
    const after = ((local % SLOTS) - from + SLOTS) % SLOTS;
    if (after < length) days.add(Math.floor((local - after) / SLOTS));
  }
  const byWeekday = Array<number>(7).fill(0);
  for (const day of days) byWeekday[weekdayOf(day)]!++;
  return byWeekday;
}

/** localSlots gives each slot as quarter hours of local time since the epoch. The offset is asked once a day where it does not change. */
function* localSlots(slots: Iterable<number>, zone: string): Generator<number> {
  let day = Number.NaN;
  let offset = 0;
  let steady = true;
  for (const slot of slots) {
    const time = slot * SLOT_MS;
    const today = Math.floor(time / DAY_MS);
    if (today !== day) {
      day = today;
      offset = offsetMs(zone, today * DAY_MS);
      steady = offset === offsetMs(zone, (today + 1) * DAY_MS - 1);
    }
    yield Math.floor((time + (steady ? offset : offsetMs(zone, time))) / SLOT_MS);
  }
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;
