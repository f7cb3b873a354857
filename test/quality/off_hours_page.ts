import { inferZoneOffset } from "../../detect/stats/working_hours.ts";
import { hourOfWeek } from "../../schemas/zone.ts";
import { madeWhere } from "../bench/page_sections.ts";
import { botsTold, scoreOffHours } from "./off_hours_score.ts";
import { share } from "./result.ts";
import type { Identity } from "./timelines.ts";

const HOUR_MS = 3_600_000;

/** offHoursSection scores people, and made-up bots, as Markdown. */
export function offHoursSection(people: readonly Identity[]): string {
  const score = scoreOffHours(people);
  const { bots, told } = botsTold();
  const { near, sure, nearAndSure } = zones(people);
  const per = (days: number) => (days / score.years).toFixed(2);
  return `## Off-hours on real rhythms

Made by \`npm run bench:off-hours -- --write\`: real times of ${score.people} people with at least 300 events over more than a year, each played as the calls of one key through
the whole engine, in the clock time of the person. All calls are alike but for their times. Learning: the first 90 days. A takeover is the last 30 events of
another person whose clock differs by 8 hours or more, laid over the victim's last 14 days by whole fortnights; it is caught by a finding of medium or more on a day on which
the victim alone gives none.

${madeWhere()}

| what | asked | measured |
| --- | --- | --- |
| alert-days (medium or more) per person and year, ${score.years.toFixed(0)} years | 3.2 | ${per(score.alertDays)} |
| takeovers caught | 88 % | ${share(score.caught, score.takeovers)} of ${score.takeovers} |
| days with a risk or more per person and year (a risk alone alerts nobody) | - | ${per(score.riskDays)} |
| made-up bots at work round the clock (2 to 48 calls a day) of whose hours anything is ever said, in 400 days | 0 | ${told} of ${bots} |
| inferred zone within 3 h of the recorded one | - | ${near} of ${people.length}; where the confidence is 0.3 or more, ${nearAndSure} of ${sure} |
`;
}

/** zones compares what is inferred from UTC times with what the clock recorded. */
function zones(people: readonly Identity[]): { near: number; sure: number; nearAndSure: number } {
  const found = { near: 0, sure: 0, nearAndSure: 0 };
  for (const { events, offset } of people) {
    const cells = new Float64Array(168);
    const hours = new Set(events.map((e) => Math.floor(e.time / HOUR_MS)));
    for (const hour of hours) cells[hourOfWeek("UTC", hour * HOUR_MS)]!++;
    const { offsetHours, confidence } = inferZoneOffset(cells);
    const isNear = Math.abs(offsetHours - offset / HOUR_MS) <= 3;
    if (isNear) found.near++;
    if (confidence >= 0.3) found.sure++;
    if (confidence >= 0.3 && isNear) found.nearAndSure++;
  }
  return found;
}
