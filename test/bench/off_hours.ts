/**
 * Off-hours on real working rhythms (protocol: DETECTION.md, section 4): alert-days per identity-year after 90 days of
 * learning, and the share of takeovers caught. Run: node_modules/.bin/node test/bench/off_hours.ts
 * Zone: the offset that the identity's own clock recorded; the thief's events are read in the victim's median offset.
 * A takeover is 30 events of another identity moved by whole fortnights, so that hour and weekday stay; habits are those
 * from before it. It counts as caught only by a finding on a day on which the victim alone gives none.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  dayScore,
  type HourMemory,
  hourAccumulation,
  hourExcess,
  noHourMemory,
  sealHourDay,
} from "../../detect/stats/hour_accumulation.ts";
import { fadeHours, type HourHabits, hourHabits } from "../../detect/stats/hours.ts";
import { inferZoneOffset } from "../../detect/stats/working_hours.ts";

const DAY_S = 86_400;
const FORTNIGHT_S = 14 * DAY_S;
const LEARNING_DAYS = 90;

/** time in s since 1970, offset of the local clock in s. */
type Event = { time: number; offset: number };
/** Bit h of hours is set when local hour h of the local day was active. */
type Day = { day: number; hours: number };
type Person = { events: Event[]; days: Day[]; offset: number; first: number; last: number };
/** A rule keeps its own state and says whether the day gives a finding. */
type Rule = { state: HourMemory; judge(state: HourMemory, habits: HourHabits, day: Day): [boolean, HourMemory] };

const file = new URL("../../../shared/data/activity/timelines.dev.csv.gz", import.meta.url);
function report(people: Person[], name: string, rule: Rule): void {
  let alerts = 0;
  let caught = 0;
  let takeovers = 0;
  for (const victim of people) {
    const start = victim.last - 13;
    const cells = new Float64Array(168);
    let agedTo = victim.first;
    let state = rule.state;
    let before: [HourHabits, HourMemory] | null = null;
    const own = new Set<number>();
    for (const day of victim.days) {
      const now = hourHabits(cells, day.day - victim.first);
      if (day.day >= start) before ??= [now, state];
      const [fires, next] = rule.judge(state, now, day);
      state = next;
      fadeHours(cells, day.day - agedTo);
      agedTo = day.day;
      for (const cell of cellsOf(day)) cells[cell]!++;
      if (fires && day.day - victim.first >= LEARNING_DAYS) alerts++;
      if (fires) own.add(day.day);
    }
    for (const thief of people) {
      if (Math.abs(thief.offset - victim.offset) < 8 * 3600 || !before) continue;
      takeovers++;
      if (catches(rule, before, overlay(victim, thief, start), own)) caught++;
    }
  }
  const noise = (alerts / years(people)).toFixed(2);
  console.log(
    `${name.padEnd(34)} ${noise} alert-days a year, ${((100 * caught) / takeovers).toFixed(1)} % of ${takeovers} caught`,
  );
}

/** zones tells how often the inferred offset is near the recorded one. */
function zones(people: Person[]): void {
  let near = 0;
  let sure = 0;
  let nearAndSure = 0;
  for (const person of people) {
    const cells = new Float64Array(168);
    for (const day of daysOf(person.events.map((e) => ({ ...e, offset: 0 }))))
      for (const cell of cellsOf(day)) cells[cell]!++;
    const { offsetHours, confidence } = inferZoneOffset(cells);
    const isNear = Math.abs(offsetHours - person.offset / 3600) <= 3;
    if (isNear) near++;
    if (confidence >= 0.3) sure++;
    if (confidence >= 0.3 && isNear) nearAndSure++;
  }
  console.log(
    `zone within 3 h of the recorded one: ${near} of ${people.length}; where confidence >= 0.3: ${nearAndSure} of ${sure}`,
  );
}

function catches(rule: Rule, [habits, memory]: [HourHabits, HourMemory], days: Day[], own: Set<number>): boolean {
  let state = memory;
  for (const day of days) {
    const [fires, next] = rule.judge(state, habits, day);
    if (fires && !own.has(day.day)) return true;
    state = next;
  }
  return false;
}

function overlay(victim: Person, thief: Person, start: number): Day[] {
  const from = start * DAY_S - victim.offset;
  const moved = thief.events.slice(-30).map(({ time }) => ({
    time: from + ((((time - from) % FORTNIGHT_S) + FORTNIGHT_S) % FORTNIGHT_S),
    offset: victim.offset,
  }));
  return daysOf([...moved, ...victim.events.filter((e) => Math.floor((e.time + e.offset) / DAY_S) >= start)]);
}

function tailRule(limit: number): Rule {
  return {
    state: noHourMemory,
    judge: (state, habits, day) => [habits.informative && cellsOf(day).some((c) => habits.tail(c) < limit), state],
  };
}

const accumulationRule: Rule = {
  state: noHourMemory,
  judge(state, habits, day) {
    const excesses = cellsOf(day).map((cell) => hourExcess(habits.tail(cell)));
    const score = habits.informative ? dayScore(excesses, habits.youth) : 0;
    const { fires } = hourAccumulation(state, day.day, score, habits.youth);
    return [fires, sealHourDay(state, day.day, score, fires)];
  },
};

function cellsOf({ day, hours }: Day): number[] {
  const monday0 = ((((day + 3) % 7) + 7) % 7) * 24;
  const cells: number[] = [];
  for (let h = 0; h < 24; h++) if ((hours >> h) & 1) cells.push(monday0 + h);
  return cells;
}

function daysOf(events: Event[]): Day[] {
  const hours = new Map<number, number>();
  for (const { time, offset } of events) {
    const hour = Math.floor((time + offset) / 3600);
    const day = Math.floor(hour / 24);
    hours.set(day, (hours.get(day) ?? 0) | (1 << (hour - day * 24)));
  }
  return [...hours].map(([day, bits]) => ({ day, hours: bits })).sort((a, b) => a.day - b.day);
}

function years(people: Person[]): number {
  return people.reduce((sum, p) => sum + (p.last - p.first - LEARNING_DAYS) / 365.25, 0);
}

function read(): Person[] {
  const byIdentity = new Map<string, Event[]>();
  for (const line of gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n").slice(1)) {
    const [identity = "", epoch, zone = "+0000", isBot] = line.split(",");
    if (isBot === "1") continue;
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
    const events = byIdentity.get(identity) ?? [];
    byIdentity.set(identity, events);
    events.push({ time: Number(epoch), offset: (zone.startsWith("-") ? -60 : 60) * minutes });
  }
  return [...byIdentity.values()].map((events) => {
    events.sort((a, b) => a.time - b.time);
    const days = daysOf(events);
    const offsets = events.map((e) => e.offset).sort((a, b) => a - b);
    return { events, days, offset: offsets[offsets.length >> 1]!, first: days[0]!.day, last: days.at(-1)!.day };
  });
}

if (!existsSync(file)) {
  console.log("Skipped: ../shared/data/activity/timelines.dev.csv.gz is not here.");
} else {
  const people = read().filter((p) => p.events.length >= 300 && p.last - p.first > 365);
  console.log(`${people.length} people, ${years(people).toFixed(0)} identity-years after learning`);
  for (const limit of [0.005, 0.01, 0.02]) report(people, `tail below ${100 * limit} %`, tailRule(limit));
  report(people, "surprise accumulated over 7 days", accumulationRule);
  zones(people);
}
