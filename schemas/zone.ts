import { HOUR_MS } from "./duration.ts";

/** isZone tells whether the runtime knows the IANA zone. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, Map<number, number>>();
const MAX_CACHED_HOURS = 20_000;

/**
 * offsetMs gives local time minus UTC in a zone at a moment, in ms, DST and history included.
 * Cached per zone and quarter hour: no zone changes its offset inside one.
 */
export function offsetMs(zone: string, time: number): number {
  if (zone === "UTC") return 0;
  const slot = Math.floor(time / (HOUR_MS / 4));
  const cache = offsets.get(zone) ?? new Map<number, number>();
  offsets.set(zone, cache);
  const known = cache.get(slot);
  if (known !== undefined) return known;
  if (cache.size >= MAX_CACHED_HOURS) cache.clear();
  const value = computeOffset(zone, slot * (HOUR_MS / 4));
  cache.set(slot, value);
  return value;
}

function computeOffset(zone: string, time: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(time)) part[type] = Number(value);
  const local = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
  return local - Math.floor(time / 1000) * 1000;
}

/** LocalTime is the wall clock of a zone; day 0 is Monday. */
export interface LocalTime {
  day: number;
  hour: number;
  minuteOfDay: number;
}

/** hourOfWeek gives the local hour of the week, 0 to 167, Monday 0 h first. */
export function hourOfWeek(zone: string, time: number): number {
  // 1970-01-01 was a Thursday.
  const hours = Math.floor((time + offsetMs(zone, time)) / HOUR_MS) + 72;
  return ((hours % 168) + 168) % 168;
}

/** localTime gives the wall clock at an event time in ms. The repeated hour of a DST change maps to one slot, the missing one is never met. */
export function localTime(zone: string, time: number): LocalTime {
  const local = time + offsetMs(zone, time);
  const minutes = Math.floor(local / 60_000);
  const minuteOfDay = ((minutes % 1440) + 1440) % 1440;
  const days = Math.floor(minutes / 1440);
  // 1970-01-01 was a Thursday.
  return { day: (((days + 3) % 7) + 7) % 7, hour: Math.floor(minuteOfDay / 60), minuteOfDay };
}
