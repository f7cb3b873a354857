import { createMemo } from "./memo.ts";
import type { OpenDay, Sealed } from "./profile.ts";
import { dayScore, type HourAccumulation, hourAccumulation, hourExcess } from "./stats/hour_accumulation.ts";
import { type HourHabits, hourHabits } from "./stats/hours.ts";

/** Active days before hours are a habit at all. */
export const MIN_HOUR_DAYS = 20;

const cache = createMemo<Sealed, { through: number; habits: HourHabits }>();

/** habitsOf learns the hours once per sealed day. */
export function habitsOf(sealed: Sealed): HourHabits {
  const known = cache.get(sealed);
  if (known?.through === sealed.through) return known.habits;
  const habits = hourHabits(sealed.hours, sealed.through - sealed.firstDay + 1);
  cache.set(sealed, { through: sealed.through, habits });
  return habits;
}

/** hasHours tells whether this subject keeps hours that can be broken. */
export const hasHours = (sealed: Sealed): boolean => sealed.activeDays >= MIN_HOUR_DAYS && habitsOf(sealed).informative;

/** hourWeek judges the hours of a day so far, and those of the week before it, against the subject's past. */
export function hourWeek(sealed: Sealed, day: OpenDay): HourAccumulation & { score: number } {
  const { youth } = habitsOf(sealed);
  const score = hourScore(sealed, day);
  return { ...hourAccumulation(sealed.hourMemory, day.day, score, youth), score };
}

/** hourScore joins the surprise of the distinct local hours of a day so far; more hours never lower it. */
function hourScore(sealed: Sealed, day: OpenDay): number {
  const habits = habitsOf(sealed);
  const excesses: number[] = [];
  for (let d = 0; d < 7; d++) {
    const bits = day.hours[d]!;
    if (bits === 0) continue;
    for (let h = 0; h < 24; h++) {
      if ((bits >> h) % 2 === 1) excesses.push(hourExcess(habits.tail(d * 24 + h)));
    }
  }
  return dayScore(excesses, habits.youth);
}
