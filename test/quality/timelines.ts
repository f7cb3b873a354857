import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { dayOf } from "../../schemas/duration.ts";

/** Identity is the working rhythm of one person. */
export interface Identity {
  name: string;
  /** UTC times and the offset of the local clock then, ms, in order of time. */
  events: { time: number; offset: number }[];
  /** The same as the identity's own clock showed them, ms: a day is a local day, and no zone has to be guessed. */
  local: number[];
  /** Median of the offsets, ms. */
  offset: number;
  /** Local days, first and last. */
  first: number;
  last: number;
}

export const LEARNING_DAYS = 90;
const MIN_EVENTS = 300;
const MIN_DAYS = 365;

/** readTimelines reads `activity/timelines.dev.csv.gz` out of the folder of shared data, people only (DETECTION.md, section 4). */
export function readTimelines(folder: string): Identity[] {
  const found = new Map<string, Identity["events"]>();
  const text = gunzipSync(readFileSync(join(folder, "timelines.dev.csv.gz"))).toString("utf8");
  for (const line of text.trim().split("\n").slice(1)) {
    const [name = "", epoch, zone = "+0000", bot] = line.split(",");
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
    if (bot === "1") continue;
    const events = found.get(name) ?? [];
    found.set(name, events);
    events.push({ time: 1_000 * Number(epoch), offset: (zone.startsWith("-") ? -60_000 : 60_000) * minutes });
  }
  return [...found].map(([name, events]) => {
    events.sort((a, b) => a.time - b.time);
    const local = events.map((e) => e.time + e.offset).sort((a, b) => a - b);
    const offsets = events.map((e) => e.offset).sort((a, b) => a - b);
    const offset = offsets[offsets.length >> 1]!;
    return { name, events, local, offset, first: dayOf(local[0]!), last: dayOf(local.at(-1)!) };
  });
}

/** lasting leaves those whose habits can be judged: at least 300 events over more than a year. */
export const lasting = (identities: readonly Identity[]): Identity[] =>
  identities.filter((i) => i.events.length >= MIN_EVENTS && i.last - i.first > MIN_DAYS);

/** yearsJudged sums the years behind the first 90 days of each. */
export const yearsJudged = (identities: readonly Identity[]): number =>
  identities.reduce((sum, i) => sum + (i.last - i.first - LEARNING_DAYS) / 365.25, 0);

export const isJudged = (identity: Identity, day: number): boolean => day - identity.first >= LEARNING_DAYS;
