import { madeWhere } from "../bench/page_sections.ts";
import { share } from "./result.ts";
import { LEAST_CALLS, type Recall, type VolumeScore } from "./volume_score.ts";
import { engineAlarms, gaussianAlarms, type Series, scoreSeries } from "./volume_series.ts";

/** Counted is one set of keys with its score. */
export interface Counted {
  what: string;
  score: VolumeScore;
}

const DEVIATIONS = [3, 4, 5, 6, 8];

/** volumeSection writes what the volume detector tells and misses, as Markdown; without series that part is left out. */
export function volumeSection(
  counted: readonly Counted[],
  series: readonly Series[],
  seeds: readonly number[],
): string {
  return `## Call volume

Made by \`npm run bench:volume -- --write\`: call_volume_spike inside the whole engine. Real counts are the times of people with at least 300 events over more than a year, each played as
the calls of one key, judged after 90 days; the fleet is that of seeds ${seeds.join(" and ")} above, its thefts left out, judged after 30 days of each key.

${madeWhere()}

An alert-day is a day of a key with a finding of medium or more (the quarter of an hour); a risk-day has any, those of a day and of a week included, which alone alert nobody.

| counts | subjects | subject-years | alert-days per subject-year | risk-days per subject-year |
| --- | --- | --- | --- | --- |
${counted.map(noiseRow).join("\n")}

Recall: a day (ten drawn days of each person, 5 % of the days of a fleet key) is played once more from the state of the evening before, every call of it so many times, the copies at random moments
of the same hour. Told: a finding that the day alone does not give; in brackets, as medium or more. The detector does not speak below ${LEAST_CALLS} calls a day, and not of a quarter of an hour
below 50; most days of people are far smaller, so days that reach ${LEAST_CALLS} are counted by themselves. It also wants history: 10 active days of the last 36 for a day, 20 active quarters of an hour
for a quarter.

| counts | calls of the day | days | told | days of ${LEAST_CALLS} calls or more | told |
| --- | --- | --- | --- | --- | --- |
${counted.flatMap(({ what, score }) => score.recalls.map((r) => recallRow(what, r))).join("\n")}
${series.length === 0 ? "" : seriesPart(series)}`;
}

const noiseRow = ({ what, score }: Counted): string =>
  `| ${what} | ${score.keys} | ${score.years.toFixed(0)} | ${(score.alertDays / score.years).toFixed(2)} | ${(score.riskDays / score.years).toFixed(2)} |`;

const recallRow = (what: string, { factor, days, told, alerted, busy }: Recall): string =>
  `| ${what} | x ${factor} | ${days} | ${percent(told, days)} (${percent(alerted, days)}) | ${busy.days} | ${percent(busy.told, busy.days)} (${percent(busy.alerted, busy.days)}) |`;

const percent = (k: number, n: number): string => (n === 0 ? "-" : `${((100 * k) / n).toFixed(0)} %`);

function seriesPart(series: readonly Series[]): string {
  const points = series.reduce((n, s) => n + s.times.length, 0);
  const rows = [
    seriesRow("call_volume_spike, medium (a quarter of an hour)", series, (s) => engineAlarms(s, "medium")),
    seriesRow("call_volume_spike, with the risks of day and week", series, (s) => engineAlarms(s, "low")),
    ...DEVIATIONS.map((d) => seriesRow(`windowed Gaussian, ${d} deviations`, series, (s) => gaussianAlarms(s, d))),
  ];
  return `
For the record only: ${series.length} labelled series (NAB, ${points.toLocaleString("en-US")} points) of road traffic, advertisement prices and made-up shapes, which are no calls of
keys. A series is played as calls, 30 in its mean quarter of an hour, in proportion to its values. Beside it a plain windowed Gaussian on the values themselves: mean and deviation of the three days before a point, above and below. The first 15 %
of a series count for nobody. A false day is a day with an alarm outside of all windows; precision is windows hit over windows hit and false days. The detector looks for a threefold rise above all that a key did:
a fall, a flat line and a shifted rhythm say nothing to it by design.

| rule | windows hit | false days | precision | recall |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}

function seriesRow(rule: string, series: readonly Series[], alarmsOf: (s: Series) => number[]): string {
  const scores = series.map((s) => scoreSeries(s, alarmsOf(s)));
  const sum = (of: (s: (typeof scores)[number]) => number) => scores.reduce((n, s) => n + of(s), 0);
  const [hit, windows, falseDays] = [sum((s) => s.hit), sum((s) => s.windows), sum((s) => s.falseDays)];
  return `| ${rule} | ${hit} of ${windows} | ${falseDays} | ${percent(hit, hit + falseDays)} | ${share(hit, windows)} |`;
}
