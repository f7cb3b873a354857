import { DAY_MS, dayOf } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { atLeast } from "../../schemas/severity.ts";
import { MONDAY } from "../detect/make.ts";
import { beginLife, callsAt } from "./life.ts";
import { draws } from "./random.ts";
import { type Identity, isJudged, yearsJudged } from "./timelines.ts";

/** OffHoursScore is what the whole engine says of the hours of people (protocol: DETECTION.md, section 4). */
export interface OffHoursScore {
  people: number;
  years: number;
  /** Days with a finding of medium or more, after 90 days of learning. */
  alertDays: number;
  /** The same with those that are a risk only. */
  riskDays: number;
  takeovers: number;
  /** Of these, with a finding of medium or more on a day on which the victim alone gives none. */
  caught: number;
}

const TAKEOVER_DAYS = 14;
const STOLEN_EVENTS = 30;
const MIN_SHIFT_MS = 8 * 3_600_000;

export function scoreOffHours(people: readonly Identity[]): OffHoursScore {
  const score: OffHoursScore = {
    ...{ people: people.length, years: yearsJudged(people) },
    ...{ alertDays: 0, riskDays: 0, takeovers: 0, caught: 0 },
  };
  for (const victim of people) {
    const start = (victim.last - TAKEOVER_DAYS + 1) * DAY_MS;
    const life = beginLife("off_hours");
    life.play(callsAt(victim.local.filter((t) => t < start)));
    const before = life.rows();
    const rest = victim.local.filter((t) => t >= start);
    life.play(callsAt(rest));
    const found = life.end();
    const own = new Set(alertsIn(found).map(dayIn));
    const judged = (days: Iterable<number>) => [...new Set(days)].filter((d) => isJudged(victim, d)).length;
    score.alertDays += judged(own);
    score.riskDays += judged(found.map(dayIn));
    for (const thief of people) {
      if (Math.abs(thief.offset - victim.offset) < MIN_SHIFT_MS) continue;
      score.takeovers++;
      const theft = beginLife("off_hours", before);
      theft.play(callsAt([...rest, ...stolenTimes(victim, thief, start)]));
      if (alertsIn(theft.end()).some((f) => f.bucket >= start && !own.has(dayIn(f)))) score.caught++;
    }
  }
  return score;
}

/** Calls a day of the made-up bots. */
const BOT_RATES = [2, 4, 8, 16, 48];
const BOT_DAYS = 400;

/** botsTold plays made-up bots that work at any hour, each for 400 days, and counts those of whose hours anything is ever said, risks included. */
export function botsTold(): { bots: number; told: number } {
  const lives = BOT_RATES.flatMap((rate) => [1, 2, 3, 4].map((seed) => botTimes(rate, seed)));
  const told = lives.filter((times) => {
    const life = beginLife("off_hours");
    life.play(callsAt(times));
    return life.end().length > 0;
  });
  return { bots: lives.length, told: told.length };
}

function botTimes(rate: number, seed: number): number[] {
  const r = draws("bot", rate, seed);
  return Array.from({ length: BOT_DAYS }, (_, day) =>
    Array.from({ length: r.poisson(rate) }, () => MONDAY + day * DAY_MS + r.int(DAY_MS)),
  ).flat();
}

/** stolenTimes are the thief's last calls, read on the victim's clock and moved by whole fortnights, so that hour and weekday stay. */
function stolenTimes(victim: Identity, thief: Identity, start: number): number[] {
  const fortnight = TAKEOVER_DAYS * DAY_MS;
  return thief.events
    .slice(-STOLEN_EVENTS)
    .map(({ time }) => start + ((((time + victim.offset - start) % fortnight) + fortnight) % fortnight));
}

const dayIn = (finding: Finding): number => dayOf(finding.bucket);
const alertsIn = (findings: readonly Finding[]): Finding[] => findings.filter((f) => atLeast(f.severity, "medium"));
