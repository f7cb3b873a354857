import { hourHabits } from "../../detect/stats/hours.ts";
import { inferZoneOffset } from "../../detect/stats/working_hours.ts";
import type { Hours } from "../../schemas/inventory.ts";
import type { CountryRow } from "../../schemas/queries/keys.ts";
import { offsetMs } from "../../schemas/zone.ts";
import { daysInside, localActivity } from "./local.ts";
import { confidence, days, type Observed, type Proposal } from "./observed.ts";
import { type DayWindow, dayWindow } from "./window.ts";
import { zonesOf } from "./zones.ts";

/** DraftHours is the `hours` of an inventory as a person writes it. */
export interface DraftHours {
  timezone: string;
  days: string;
  from: string;
  to: string;
}

/** hoursText writes declared hours the way a person does. */
export const hoursText = (h: Hours): DraftHours => ({
  timezone: h.timezone,
  days: h.days.every(Boolean) ? "daily" : daysText(h.days),
  from: minuteClock(h.from),
  to: minuteClock(h.to),
});

/** Above this a window forbids so little that it says nothing. */
const MAX_HOURS = 16;
/** Chance that days without any habit would look like this; below it the habit is taken for one. */
const LUCK = 0.01;
/** Windows that differ by less, in quarter hours, are equally good: where the country is decides. */
const AS_TIGHT = 2;
/** Countries with at least this share of the activity lend their zones. */
const COUNTRY_SHARE = 0.1;
/** Somebody who travels is elsewhere on at most this share of the days. */
const TRAVEL_SHARE = 0.15;
const TRAVEL_GAIN = 4;
/** Days of the week with less of the active days are exceptions. */
const RARE_DAY = 0.02;

/** proposeHours finds the zone under whose clock the days are most alike, summer time included, and the hours that hold all but 1 % of them. */
export function proposeHours({ subject, countries }: Observed): Proposal<DraftHours> {
  const best = bestPlan(countries);
  if (best === null) return { value: null, why: "no activity" };
  const { zone, window, slots, note } = best;
  const hours = fullHours(window);
  const n = daysInside(slots, zone, window.from, window.length).reduce((a, b) => a + b, 0);
  const { why } = hourHabits(localActivity(slots, zone).byHourOfWeek);
  if (hours.count > MAX_HOURS)
    return { value: null, why: why === "" ? `active over ${hours.count} hours of the day` : why };
  if ((hours.count / 24) ** (n - 1) > LUCK)
    return { value: null, why: `${days(n)} are too few to tell hours (so far ${hours.from}-${hours.to} ${zone})` };
  const week = weekOf(daysInside(slots, zone, window.from, window.length));
  const facts = [
    `${days(n)}, ${confidence(subject.active_days)}`,
    note,
    zoneNote(best),
    week.note,
    ...window.exceptions.slice(0, 3).map(exceptionNote),
  ];
  return {
    value: { timezone: zone, days: week.days, from: hours.from, to: hours.to },
    why: facts.filter((f) => f !== "").join("; "),
  };
}

/** bestZone names the zone in which the hours of a key repeat best, for showing them; UTC where nothing speaks for another. */
export const bestZone = (countries: readonly CountryRow[]): string => bestPlan(countries)?.zone ?? "UTC";

interface Plan {
  zone: string;
  window: DayWindow;
  slots: number[];
  note: string;
  /** Zones whose window is as tight. */
  rivals: string[];
}

function bestPlan(countries: readonly CountryRow[]): Plan | null {
  const all = planFor(countries);
  const [home, ...abroad] = [...countries]
    .filter((c) => c.country !== "")
    .sort((a, b) => b.slots.length - a.slots.length);
  if (all === null || home === undefined || abroad.length === 0) return all;
  const away = abroad.reduce((sum, c) => sum + c.days, 0);
  if (away > TRAVEL_SHARE * (home.days + away)) return all;
  const plan = planFor(countries.filter((c) => c === home || c.country === ""));
  if (plan === null || plan.window.length > all.window.length - TRAVEL_GAIN) return all;
  return { ...plan, note: `without ${days(away)} in ${abroad.map((c) => c.country).join(", ")}` };
}

function planFor(countries: readonly CountryRow[]): Plan | null {
  const slots = [...new Set(countries.flatMap((c) => c.slots))].sort((a, b) => a - b);
  const tried = candidates(countries).flatMap((zone) => {
    const window = dayWindow(localActivity(slots, zone).byQuarter);
    return window === null ? [] : [{ zone, window }];
  });
  const tightest = Math.min(...tried.map((t) => t.window.length));
  const [first, ...rivals] = tried.filter((t) => t.window.length <= tightest + AS_TIGHT);
  return first === undefined ? null : { ...first, slots, note: "", rivals: rivals.map((r) => r.zone) };
}

/**
 * candidates lists zones, the one to be believed on a tie first: the country's zone nearest to where the addresses are; but for machines in
 * a data centre UTC, for where they stand says nothing about whose clock they follow.
 */
function candidates(countries: readonly CountryRow[]): string[] {
  const total = countries.reduce((sum, c) => sum + c.slots.length, 0);
  const hosted = countries.reduce((sum, c) => sum + c.hosted, 0) * 2 > countries.reduce((sum, c) => sum + c.events, 0);
  const local = countries
    .filter((c) => c.slots.length >= COUNTRY_SHARE * total)
    .sort((a, b) => b.slots.length - a.slots.length)
    .flatMap((c) => nearestFirst(c));
  return [...new Set(hosted ? ["UTC", ...local] : [...local, "UTC"])];
}

function nearestFirst({ country, city, lon }: CountryRow): string[] {
  const named = city === null ? "" : city.replaceAll(" ", "_");
  const far = (option: { zone: string; lon: number | null }): number =>
    named !== "" && option.zone.endsWith(`/${named}`)
      ? -1
      : lon === null || option.lon === null
        ? 0
        : turn(option.lon - lon);
  return [...zonesOf(country)].sort((a, b) => far(a) - far(b)).map((z) => z.zone);
}

const turn = (degrees: number): number => Math.min(Math.abs(degrees), 360 - Math.abs(degrees));

function fullHours({ from, length }: DayWindow): { from: string; to: string; count: number } {
  const start = Math.floor(from / 4);
  const end = Math.ceil((from + length) / 4);
  return { from: clock(start), to: clock(end > 24 ? end - 24 : end), count: end - start };
}

const clock = (hour: number): string => `${String(hour).padStart(2, "0")}:00`;

const minuteClock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

const NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function daysText(used: readonly boolean[]): string {
  const names = NAMES.filter((_, day) => used[day]).join(",");
  return names === "mon,tue,wed,thu,fri" ? "mon-fri" : names;
}

/** weekOf names the days of the week that are used, where there were enough days to know that the others are not. */
function weekOf(byWeekday: readonly number[]): { days: string; note: string } {
  const n = byWeekday.reduce((a, b) => a + b, 0);
  const used = byWeekday.map((count) => count > 0 && count >= RARE_DAY * n);
  const left = n - byWeekday.reduce((sum, count, day) => sum + (used[day] ? count : 0), 0);
  const note =
    left === 0 ? "" : `left out: ${days(left)} on ${NAMES.filter((_, d) => !used[d] && byWeekday[d]! > 0).join(", ")}`;
  const count = used.filter(Boolean).length;
  const office = !used[5] && !used[6];
  if (office && count < 5 && (count / 5) ** n <= LUCK) return { days: NAMES.filter((_, d) => used[d]).join(","), note };
  if (office && (5 / 7) ** n <= LUCK) return { days: "mon-fri", note };
  if (count < 7 && !office && (count / 7) ** n <= LUCK)
    return { days: NAMES.filter((_, d) => used[d]).join(","), note };
  return { days: "daily", note: count < 7 && n < 20 ? `${days(n)} are too few to tell days of the week` : "" };
}

const exceptionNote = (e: DayWindow["exceptions"][number]): string =>
  `left out: ${(100 * e.share).toPrecision(2)} % at ${clock(e.from)}-${clock(e.to)}, widen if meant`;

/** zoneNote says how sure the zone is: summer time tells zones apart, and without it where the addresses are decides. */
function zoneNote({ zone, rivals, slots }: Plan): string {
  const [first, last] = [slots[0]! * 900_000, slots.at(-1)! * 900_000];
  const other = rivals.find(
    (r) => offsetMs(r, first) !== offsetMs(zone, first) || offsetMs(r, last) !== offsetMs(zone, last),
  );
  if (other !== undefined) return `zone by the place of its addresses, ${other} fits as well`;
  if (zone !== "UTC") return "";
  const office = inferZoneOffset(localActivity(slots, "UTC").byHourOfWeek);
  return office.confidence > 0.2
    ? `looks like an office day at UTC${office.offsetHours < 0 ? "" : "+"}${office.offsetHours}`
    : "";
}
