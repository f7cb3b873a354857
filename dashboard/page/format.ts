import { severities as rising } from "../../schemas/severity.ts";

/** Times are shown in UTC, as logs and the command line show them. */
export const stamp = (time: string | number): string => new Date(time).toISOString().slice(0, 19).replace("T", " ");
export const minute = (time: string | number): string => stamp(time).slice(0, 16);

export function ago(time: string | number, now = Date.now()): string {
  const ms = now - new Date(time).getTime();
  return ms < 2_000 ? "just now" : `${span(ms)} ago`;
}

/** span writes ms as people say it. */
export function span(ms: number): string {
  const s = Math.abs(ms) / 1000;
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5_400) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3_600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

export const count = (n: number): string => n.toLocaleString("en-US");
/** short writes a large number in little room: 12.4 k. */
export const short = (n: number): string =>
  n < 10_000 ? count(n) : n < 1e6 ? `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)}\u202fk` : `${(n / 1e6).toFixed(1)}\u202fM`;
export const plural = (n: number, word: string): string =>
  `${count(n)} ${n === 1 ? word : /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`}`;
export const percent = (p: number): string =>
  p === 0
    ? "0 %"
    : p >= 0.1
      ? `${Math.round(100 * p)} %`
      : p >= 1e-4
        ? `${Number((100 * p).toPrecision(2))} %`
        : "< 0.01 %";
export const label = (uid: string): string => `INC-${uid.slice(0, 8)}`;
export const words = (id: string): string => id.replaceAll("_", " ");

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
export const dayName = (day: number): string => DAYS[day] ?? "";
/** Severities, worst first. */
export const severities = rising.toReversed();
/** idsOf lists the ids of a choice; the compiler sees to it that none is missing and none made up. */
export const idsOf = <T extends string>(ids: Record<T, true>): string[] => Object.keys(ids);
