import { wilson } from "../../detect/stats/wilson.ts";
import type { Caught, FalseIncident } from "./score.ts";

/** SeedResult is what the process of one seed hands over. */
export interface SeedResult {
  seed: number;
  keys: number;
  /** Keys times days since each was made. */
  keyDays: number;
  /** Those with at least one call. */
  activeKeyDays: number;
  events: number;
  incidents: number;
  caught: Caught[];
  falses: FalseIncident[];
  seconds: number;
  peakMb: number;
}

const Z95 = 1.959964;
const MINUTE = 60_000;
const DAY = 86_400_000;

/** isQuick asks of a loud compromise 10 events or 15 minutes, of a slow one a day. */
export const isQuick = (c: Caught): boolean =>
  c.delayMs !== null && (c.loud ? c.events! <= 10 || c.delayMs <= 15 * MINUTE : c.delayMs <= DAY);

/** share tells k of n with its 95 % Wilson interval, in per cent. */
export function share(k: number, n: number): string {
  const [low, high] = wilson(k, n, Z95);
  const percent = (x: number) => (100 * x).toFixed(0);
  return `${percent(n === 0 ? 0 : k / n)} % (${percent(low)} to ${percent(high)})`;
}

/** rate tells events per 1,000 with the 95 % Poisson interval (Garwood 1936 through Wilson and Hilferty's chi-square). */
export function rate(count: number, keyDays: number): string {
  const limit = (n: number, z: number) => (n === 0 ? 0 : n * (1 - 1 / (9 * n) + z / (3 * Math.sqrt(n))) ** 3);
  const per = (x: number) => ((1000 * x) / keyDays).toFixed(2);
  return `${per(count)} (${per(limit(count, -Z95))} to ${per(limit(count + 1, Z95))})`;
}

export const median = (values: number[]): number | null =>
  values.length === 0 ? null : [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;

/** timeText says a length of time in the unit that fits. */
export function timeText(ms: number | null): string {
  if (ms === null) return "";
  if (ms < 2 * MINUTE) return `${Math.round(ms / 1000)} s`;
  if (ms < 3 * 60 * MINUTE) return `${Math.round(ms / MINUTE)} min`;
  return ms < 2 * DAY ? `${(ms / 3_600_000).toFixed(1)} h` : `${(ms / DAY).toFixed(1)} d`;
}
