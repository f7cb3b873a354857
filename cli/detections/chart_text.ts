import { percent } from "../../detect/words.ts";
import { DAY_MS, formatDuration } from "../../schemas/duration.ts";
import type { Chart, CountsChart } from "../../schemas/explanation.ts";
import { bars, weekRows } from "../keys/bars.ts";
import { count } from "../out.ts";
import { shortTime } from "../table.ts";

type HoursChart = Extract<Chart, { kind: "hours" }>;
type LadderChart = Extract<Chart, { kind: "ladder" }>;

const LEVELS: Record<string, string> = { ip: "address", net: "network", asn: "owner", country: "country" };
const MAX_USUAL = 3;

/** chartLines draws a chart with the means of a terminal; no line needs colour to be read. */
export function chartLines(chart: Chart): string[] {
  if (chart.kind === "hours") return hoursLines(chart);
  return chart.kind === "counts" ? countsLines(chart) : ladderLines(chart);
}

/** An hour that the finding is about has a mark below its day. */
function hoursLines({ zone, cells, marked }: HoursChart): string[] {
  const lines = [`     0     6     12    18     ${zone}; active days per hour of the week`];
  for (const [day, row] of weekRows(cells).entries()) {
    lines.push(row);
    const hours = marked.filter((m) => Math.floor(m / 24) === day).map((m) => m % 24);
    if (hours.length > 0)
      lines.push(
        `     ${Array.from({ length: 24 }, (_, h) => (hours.includes(h) ? "^" : " "))
          .join("")
          .trimEnd()} here`,
      );
  }
  return lines;
}

function countsLines(chart: CountsChart): string[] {
  const { points, high, expected, bucket_ms } = chart;
  const counts = points.map(([, n]) => n);
  const mark = points.findIndex(([start]) => start === chart.judged);
  const from = points[0]?.[0] ?? chart.judged;
  const bucket = bucket_ms === DAY_MS ? "a day" : formatDuration(bucket_ms);
  const lines = [
    `each column ${bucket}, from ${shortTime(from)} UTC; the highest is ${count(Math.max(0, ...counts))}`,
    bars(counts),
    ...(mark < 0 ? [] : [`${" ".repeat(mark)}^ ${count(counts[mark]!)}`]),
  ];
  if (high === null) lines.push("no band: too little is known of its past");
  else
    lines.push(
      `usual is ${chart.low ?? 0} to ${count(high)}${expected === null ? "" : `, ${expected} on average`}`,
      counts
        .map((n) => (n > high ? "!" : " "))
        .join("")
        .trimEnd() === ""
        ? ""
        : `${counts
            .map((n) => (n > high ? "!" : " "))
            .join("")
            .trimEnd()} above the band`,
    );
  return lines.filter((line) => line !== "");
}

function ladderLines({ levels }: LadderChart): string[] {
  const width = Math.max(...levels.map((l) => l.value.length));
  // From the coarsest down, as people look for a place.
  return [...levels].reverse().map(({ level, value, known, values, usual, unseen }) => {
    const more = values > MAX_USUAL ? ` and ${values - MAX_USUAL} more` : "";
    const past =
      values === 0
        ? "none known"
        : `${known ? "known among" : "usual:"} ${usual.slice(0, MAX_USUAL).join(", ")}${more}`;
    const chance = unseen === null || known ? "" : `; a day brings a new one with ${percent(unseen)}`;
    return `${known ? "  " : "! "}${(LEVELS[level] ?? level).padEnd(8)} ${value.padEnd(width)}  ${past}${chance}`;
  });
}
