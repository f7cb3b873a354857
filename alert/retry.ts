import { DAY_MS, MINUTE_MS } from "../schemas/duration.ts";

/** A message is tried for so long after its first attempt. */
export const RETRY_FOR_MS = DAY_MS;
const BASE_MS = 1_000;
const MAX_MS = 15 * MINUTE_MS;
/** Even the luckiest draw leaves the other side a moment. */
const MIN_MS = 500;

/**
 * retryDelay gives ms until the next attempt: full jitter over an interval that doubles from 2 s to 15 min, never less than
 * what the other side asked for (Retry-After). `attempt` counts from 1, `random` is in [0, 1).
 */
export function retryDelay(attempt: number, random: number, afterMs: number | null): number {
  const jitter = MIN_MS + random * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt, 20));
  return Math.ceil(afterMs === null ? jitter : afterMs + Math.min(jitter, 1_000));
}

/** nextAttempt gives when to try again, or null when the day is over. The last try falls on the end of the day. */
export function nextAttempt(now: number, firstAt: number, delayMs: number): number | null {
  const end = firstAt + RETRY_FOR_MS;
  return now >= end ? null : Math.min(now + delayMs, end);
}

/** retryAfterMs reads a Retry-After header, seconds or an HTTP date; null when it says nothing readable. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const seconds = Number(header.trim());
  if (header.trim() !== "" && Number.isFinite(seconds)) return Math.max(0, Math.min(seconds * 1000, DAY_MS));
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, Math.min(date - now, DAY_MS));
}
