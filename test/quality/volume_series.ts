import { readFileSync } from "node:fs";
import { join } from "node:path";
import { alignTo, DAY_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { atLeast } from "../../schemas/severity.ts";
import { beginLife, callsAt } from "./life.ts";
import { DETECTION } from "./volume_activity.ts";

/** Series is one labelled series: its points, and the windows in which something is odd, ms. */
export interface Series {
  name: string;
  times: number[];
  values: number[];
  windows: [from: number, to: number][];
}

/** SeriesScore counts labelled windows that hold an alarm, and alarms outside of all of them, one a day at most. */
export interface SeriesScore {
  windows: number;
  hit: number;
  falseDays: number;
}

/** The beginning of a series is for learning, as with its authors: nobody's alarms count there. */
const PROBATION = 0.15;
/** Made-up calls of a mean quarter of an hour: enough for every bound of the detector. */
const CALLS_A_QUARTER = 30;
const QUARTER_MS = 15 * MINUTE_MS;
/** The plain Gaussian looks so far back, and judges from so many points on. */
const TRAILING_MS = 3 * DAY_MS;
const MIN_POINTS = 24;

/** readSeries reads every series with its labels, in order of name. */
export function readSeries(folder: string): Series[] {
  const labels = JSON.parse(readFileSync(join(folder, "nab.windows.json"), "utf8")) as Record<string, string[][]>;
  return Object.keys(labels)
    .sort()
    .map((name) => {
      const points = readFileSync(join(folder, "nab", name), "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(",") as [string, string]);
      return {
        name,
        times: points.map(([time]) => utc(time)),
        values: points.map(([, value]) => Number(value)),
        windows: labels[name]!.map(([from, to]) => [utc(from!), utc(to!)]),
      };
    });
}

const utc = (text: string): number => Date.parse(`${text.slice(0, 19).replace(" ", "T")}Z`);

/**
 * engineAlarms plays a series as the calls of one key through the whole engine: a point becomes calls in even steps until the next one is due,
 * their number in proportion to its value.
 */
export function engineAlarms(series: Series, least: "low" | "medium"): number[] {
  const life = beginLife(DETECTION);
  const mean = meanOf(series.values.slice(0, Math.ceil(PROBATION * series.values.length)).filter((v) => v > 0));
  const step = stepOf(series.times);
  const scale = (CALLS_A_QUARTER * step) / QUARTER_MS / mean;
  let owed = 0;
  for (const [i, time] of series.times.entries()) {
    owed += Math.max(0, series.values[i]!) * scale;
    const calls = Math.floor(owed);
    owed -= calls;
    life.play(callsAt(Array.from({ length: calls }, (_, n) => time + Math.floor((n * step) / calls))));
  }
  return life
    .end()
    .filter((f) => atLeast(f.severity, least))
    .map((f) => f.first_seen);
}

/** gaussianAlarms is the plain rule: a point further than `deviations` from the mean of the three days before it. */
export function gaussianAlarms({ times, values }: Series, deviations: number): number[] {
  const alarms: number[] = [];
  let [from, sum, squares] = [0, 0, 0];
  for (const [i, value] of values.entries()) {
    for (; times[from]! < times[i]! - TRAILING_MS; from++) {
      sum -= values[from]!;
      squares -= values[from]! ** 2;
    }
    const n = i - from;
    const deviation = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
    if (n >= MIN_POINTS && Math.abs(value - sum / n) > deviations * deviation + 1e-9) alarms.push(times[i]!);
    sum += value;
    squares += value ** 2;
  }
  return alarms;
}

/** scoreSeries holds alarms against the labels; windows that begin while all is still learned count for nobody. */
export function scoreSeries(series: Series, alarms: readonly number[]): SeriesScore {
  const start = series.times[Math.ceil(PROBATION * series.times.length)]!;
  const judged = alarms.filter((time) => time >= start);
  const windows = series.windows.filter(([from]) => from >= start);
  const inside = (time: number) => series.windows.some(([from, to]) => time >= from && time <= to);
  return {
    windows: windows.length,
    hit: windows.filter(([from, to]) => judged.some((time) => time >= from && time <= to)).length,
    falseDays: new Set(judged.filter((time) => !inside(time)).map((time) => alignTo(time, DAY_MS))).size,
  };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);

/** The usual distance of two points. */
function stepOf(times: readonly number[]): number {
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  return steps.sort((a, b) => a - b)[steps.length >> 1]!;
}
