/** The bench keeps its own clock arithmetic: a fault in keywatch's must not hide itself. Days are numbers since 1970-01-01. */
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

export const dayNumber = (time: number): number => Math.floor(time / DAY);
/** 0 is Monday. */
export const weekday = (day: number): number => (((day + 3) % 7) + 7) % 7;
export const isWeekend = (day: number): boolean => weekday(day) >= 5;
export const dayOfMonth = (day: number): number => new Date(day * DAY).getUTCDate();
export const monthOf = (day: number): number => new Date(day * DAY).getUTCMonth();

const formats = new Map<string, Intl.DateTimeFormat>();
const memo = new Map<string, number>();

/** zoneOffset is local time minus UTC, ms. */
export function zoneOffset(zone: string, time: number): number {
  if (zone === "UTC") return 0;
  const hour = Math.floor(time / HOUR);
  const key = `${zone}/${hour}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    formats.set(zone, format);
  }
  const offset = Date.parse(`${format.format(hour * HOUR).replace(" ", "T")}Z`) - hour * HOUR;
  if (memo.size > 200_000) memo.clear();
  memo.set(key, offset);
  return offset;
}

/** utcOf is the moment at which the clocks of a zone show the day and the minutes after midnight. */
export function utcOf(zone: string, day: number, minutes: number): number {
  const local = day * DAY + minutes * MINUTE;
  return local - zoneOffset(zone, local - zoneOffset(zone, local));
}
