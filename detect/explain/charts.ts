import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Chart } from "../../schemas/explanation.ts";
import { hourOfWeek } from "../../schemas/zone.ts";
import type { DetectEvent, Hit } from "../detection.ts";
import { asnValue } from "../observe.ts";
import { FORGET_DAYS, type Sealed } from "../profile.ts";
import { type SourceLevel, sourceLevels, unseenPerDay } from "../stats/novelty.ts";
import { paceOf, type ValueSet } from "../values.ts";
import { bandOf } from "./band.ts";
import type { Explained } from "./explain.ts";

const MAX_USUAL = 5;
/** How a detection names a count over a span of time. */
const COUNTED = / in (?:a day|(\d+) (min|h|d))\b/;

/** chartOf draws what the hit is about: hours for a time of day, a count in its band, else where the call came from. */
export function chartOf(hit: Hit, event: DetectEvent, view: Explained): Chart | null {
  const { parameter, observed } = hit.anomaly;
  if (/hour of week|local time/.test(parameter)) return hoursChart(event, view);
  if (typeof observed === "number" && COUNTED.test(parameter)) return countsChart(hit, observed, view);
  return event.src_kind === "ip" ? ladderChart(event, view.sealed) : null;
}

function hoursChart(event: DetectEvent, { sealed, policy }: Explained): Chart {
  // The profile keeps its hours in the zone of the key or its owner.
  const zone = policy?.zone ?? "UTC";
  return {
    kind: "hours",
    zone,
    cells: sealed.hours.map((days) => Math.round(days * 10) / 10),
    marked: [hourOfWeek(zone, event.time)],
  };
}

function countsChart({ anomaly, bucket }: Hit, observed: number, { sealed, day }: Explained): Chart {
  const start = bucket ?? day.day * DAY_MS;
  const { expected, high } = bandOf(anomaly.parameter, sealed);
  return {
    kind: "counts",
    parameter: anomaly.parameter,
    bucket_ms: bucketOf(anomaly.parameter),
    expected: typeof anomaly.expected === "number" ? anomaly.expected : expected,
    low: high === null ? null : 0,
    high,
    points: [[start, observed]],
    judged: start,
  };
}

const UNIT_MS = { min: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const;

function bucketOf(parameter: string): number {
  const [, n, unit] = COUNTED.exec(parameter)!;
  return n === undefined ? DAY_MS : Number(n) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

function ladderChart(event: DetectEvent, sealed: Sealed): Chart {
  const at: Record<SourceLevel, string | null> = {
    ip: event.src_ip,
    net: event.src_net,
    asn: event.asn === null ? null : asnValue(event.asn),
    country: event.country,
  };
  return {
    kind: "ladder",
    levels: sourceLevels.flatMap((level) => {
      const value = at[level];
      if (value === null) return [];
      const set = sealed.values[level];
      const unseen = set.n === 0 ? null : unseenPerDay({ ...set, ...paceOf(set, sealed, FORGET_DAYS[level]) });
      return [
        {
          level,
          value,
          known: set.values.has(value),
          values: set.values.size,
          usual: mostUsed(set),
          unseen: unseen === null ? null : Math.round(unseen * 1e4) / 1e4,
        },
      ];
    }),
  };
}

/** mostUsed names the values of most days, most first; to sort all of them for these few took longer than the rest of the explanation. */
function mostUsed({ values }: ValueSet): string[] {
  const most: [name: string, days: number][] = [];
  for (const [name, { days }] of values) {
    let at = most.length;
    while (at > 0 && (days > most[at - 1]![1] || (days === most[at - 1]![1] && name < most[at - 1]![0]))) at--;
    if (at === MAX_USUAL) continue;
    most.splice(at, 0, [name, days]);
    if (most.length > MAX_USUAL) most.pop();
  }
  return most.map(([name]) => name);
}
