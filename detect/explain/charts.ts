import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Chart } from "../../schemas/explanation.ts";
import { hourOfWeek } from "../../schemas/zone.ts";
import type { DetectEvent, Hit } from "../detection.ts";
import { asnValue } from "../observe.ts";
import { FORGET_DAYS, type Sealed } from "../profile.ts";
import { type SourceLevel, sourceLevels, unseenPerDay } from "../stats/novelty.ts";
import { paceOf } from "../values.ts";
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
      const usual = [...set.values].sort((a, b) => b[1].days - a[1].days || (a[0] < b[0] ? -1 : 1));
      const unseen = set.n === 0 ? null : unseenPerDay({ ...set, ...paceOf(set, sealed, FORGET_DAYS[level]) });
      return [
        {
          level,
          value,
          known: set.values.has(value),
          values: set.values.size,
          usual: usual.slice(0, MAX_USUAL).map(([name]) => name),
          unseen: unseen === null ? null : Math.round(unseen * 1e4) / 1e4,
        },
      ];
    }),
  };
}
