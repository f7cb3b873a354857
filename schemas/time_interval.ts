import { z } from "zod";
import { isZone } from "./zone.ts";

/** Range is from one number to another, both included. */
export interface Range {
  from: number;
  to: number;
}

/** TimeInterval is Alertmanager's: all that it names must hold, and of each list one range. What it leaves out always holds. */
export interface TimeInterval {
  /** Minutes of the day; `to` is not included. */
  times: Range[];
  /** 0 is Sunday. */
  weekdays: Range[];
  /** Negative numbers count from the end of the month: -1 is the last day. */
  days_of_month: Range[];
  months: Range[];
  years: Range[];
  /** IANA zone. */
  location: string;
}

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = [
  ...["january", "february", "march", "april", "may", "june"],
  ...["july", "august", "september", "october", "november", "december"],
];

/** rangeOf makes a field that reads `a` or `a:b`; `read` gives the number of one end, or null. */
const rangeOf = (what: string, read: (text: string) => number | null, fits: (r: Range) => boolean) =>
  z.union([z.string(), z.number()]).transform((value, ctx): Range => {
    const ends = String(value).toLowerCase().split(":");
    const [from, to = from] = ends.map((end) => read(end.trim()));
    const range = { from: from ?? Number.NaN, to: to ?? Number.NaN };
    if (ends.length <= 2 && ends.every((e) => read(e.trim()) !== null) && fits(range)) return range;
    ctx.addIssue({ code: "custom", message: `"${value}" is no ${what}` });
    return z.NEVER;
  });

const number = (text: string): number | null => (/^-?\d+$/.test(text) ? Number(text) : null);
const named =
  (names: readonly string[], first: number) =>
  (text: string): number | null =>
    names.includes(text) ? names.indexOf(text) + first : null;

const weekday = rangeOf("weekday; write it like monday:friday or saturday", named(WEEKDAYS, 0), () => true);
const month = rangeOf(
  "month; write it like 1:3 or may:august",
  (text) => named(MONTHS, 1)(text) ?? number(text),
  (r) => r.from >= 1 && r.to <= 12 && r.from <= r.to,
);
const year = rangeOf("year; write it like 2026 or 2026:2028", number, (r) => r.from >= 1970 && r.from <= r.to);
const dayOfMonth = rangeOf(
  "day of the month; write it like 1:5, or -3:-1 for the last three",
  number,
  ({ from, to }) => {
    const known = [from, to].every((d) => d !== 0 && Math.abs(d) <= 31);
    return known && (from > 0 === to > 0 ? from <= to : from > 0);
  },
);

const minute = z.string().transform((text, ctx): number => {
  const [, h, m] = /^(\d{2}):(\d{2})$/.exec(text) ?? [];
  const minutes = Number(h) * 60 + Number(m);
  if (h !== undefined && Number(m) < 60 && minutes <= 1440) return minutes;
  ctx.addIssue({
    code: "custom",
    message: `"${text}" is no time of day; write it like 08:00, the end of the day is 24:00`,
  });
  return z.NEVER;
});
const times = z
  .strictObject({ start_time: minute, end_time: minute })
  .refine((t) => t.start_time < t.end_time, {
    message: "start_time must be before end_time; for a night write two: 22:00 to 24:00 and 00:00 to 06:00",
  })
  .transform(({ start_time, end_time }): Range => ({ from: start_time, to: end_time }));

/** Local is the zone of the machine, as in Alertmanager. */
const location = z
  .string()
  .transform((zone) => (zone === "Local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone))
  .refine(isZone, { message: "no IANA time zone; write it like Europe/Berlin" });

export const timeInterval: z.ZodType<TimeInterval, unknown> = z.strictObject({
  times: z.array(times).default([]),
  weekdays: z.array(weekday).default([]),
  days_of_month: z.array(dayOfMonth).default([]),
  months: z.array(month).default([]),
  years: z.array(year).default([]),
  location: location.default("UTC"),
});

/** timeIntervals is a name for times that routes speak about. */
export const timeIntervals = z.strictObject({ name: z.string().min(1), time_intervals: z.array(timeInterval).min(1) });
export type TimeIntervals = z.infer<typeof timeIntervals>;
