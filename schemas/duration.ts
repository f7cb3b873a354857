import { z } from "zod";

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

export const MINUTE_MS = UNITS_MS.m;
export const HOUR_MS = UNITS_MS.h;
export const DAY_MS = UNITS_MS.d;

/** parseDuration reads "90s", "5m", "1h30m", "90d" into ms; null when it is none. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(ms|s|m|h|d|w))+$/.test(text)) return null;
  let total = 0;
  for (const [, n, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    total += Number(n) * UNITS_MS[unit as keyof typeof UNITS_MS];
  return total;
}

/** formatDuration writes ms the way people read it: "45 s", "12 min", "3 h", "9 d". */
export function formatDuration(ms: number): string {
  const abs = Math.abs(ms);
  if (abs < 90_000) return `${Math.round(ms / 1000)} s`;
  if (abs < 90 * MINUTE_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (abs < 48 * HOUR_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} d`;
}

/** duration is a zod field that takes "30s", "5m", "24h", "90d" and gives ms. */
export const duration = z.string().transform((text, ctx) => {
  const ms = parseDuration(text);
  if (ms === null) {
    ctx.addIssue({ code: "custom", message: `"${text}" is no duration; write it like 30s, 5m, 24h or 90d` });
    return z.NEVER;
  }
  return ms;
});

/** An event further past its arrival than this was written by a broken clock: nothing may follow it, ms. */
export const MAX_AHEAD_MS = DAY_MS;

/** dayOf gives the UTC day number of an event time in ms. */
export const dayOf = (time: number): number => Math.floor(time / DAY_MS);
/** alignTo gives the start of the aligned bucket that holds the time, both in ms. */
export const alignTo = (time: number, bucketMs: number): number => Math.floor(time / bucketMs) * bucketMs;
/** iso writes ms since the epoch as ISO-8601 UTC. */
export const iso = (time: number): string => new Date(time).toISOString();
