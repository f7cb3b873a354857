import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hourAccumulation, hourExcess, noHourMemory, sealHourDay } from "../../../detect/stats/hour_accumulation.ts";
import { fadeHours, hourHabits } from "../../../detect/stats/hours.ts";
import { inferWorkingHours, inferZoneOffset } from "../../../detect/stats/working_hours.ts";

/** week fills 168 cells; days 0 = Monday. */
function week(active: (day: number, hour: number) => number): number[] {
  return Array.from({ length: 168 }, (_, i) => active(Math.floor(i / 24), i % 24));
}
const office = week((day, hour) => (day < 5 && hour >= 9 && hour < 18 ? 50 : 0));
const cell = (day: number, hour: number) => day * 24 + hour;
const cellsArb = fc.array(fc.nat(60), { minLength: 168, maxLength: 168 });

describe("hour habits", () => {
  test("an office key: its hours are usual, its nights and a shoulder hour are ever rarer", () => {
    const habits = hourHabits(office);
    expect(habits).toMatchObject({ informative: true, why: "", activeHours: 9 });
    expect(habits.tail(cell(2, 11))).toBeGreaterThan(0.5);
    expect(habits.tail(cell(2, 3))).toBeLessThan(1e-4);
    expect(habits.tail(cell(2, 18))).toBeGreaterThan(habits.tail(cell(2, 3)));
    expect(habits.tail(cell(6, 3))).toBeLessThan(1e-4);
  });

  test("a Tuesday learner also expects Thursday: weekdays are pooled, weekends apart", () => {
    const tuesdays = hourHabits(week((day, hour) => (day === 1 && hour >= 9 && hour < 18 ? 20 : 0)));
    expect(tuesdays.tail(cell(3, 11))).toBeGreaterThan(0.05);
    expect(tuesdays.tail(cell(5, 11))).toBeLessThan(0.001);
  });

  test("a key that works round the clock has no hours", () => {
    const habits = hourHabits(week(() => 10));
    expect(habits.informative).toBe(false);
    expect(habits.why).toContain("round the clock");
    expect(habits.entropy).toBeCloseTo(1, 12);
    expect(habits.activeHours).toBe(24);
  });

  test("22 active hours are none, an hour met once in years is not active", () => {
    expect(hourHabits(week((_day, hour) => (hour < 4 ? 100 : hour < 22 ? 18 : 0))).why).toContain("22 of 24 hours");
    const touched = hourHabits(week((day, hour) => office[cell(day, hour)]! + (day === 0 ? 1 : 0)));
    expect(touched).toMatchObject({ informative: true, activeHours: 9 });
  });

  test("without activity nothing is known", () => {
    const habits = hourHabits(new Float64Array(168));
    expect(habits).toMatchObject({ informative: false, why: "no activity yet" });
    expect(habits.tail(0)).toBeCloseTo(1, 9);
  });

  test("tails are in (0, 1] and the likeliest cell has 1", () => {
    fc.assert(
      fc.property(cellsArb, (cells) => {
        const { tail, entropy, activeHours } = hourHabits(cells);
        const all = Array.from({ length: 168 }, (_, c) => tail(c));
        expect(all.every((p) => p > 0 && p <= 1)).toBe(true);
        expect(Math.max(...all)).toBeCloseTo(1, 9);
        expect(entropy >= 0 && entropy <= 1 + 1e-12 && activeHours <= 24).toBe(true);
      }),
    );
  });

  test("fading halves in 270 days and keeps the shape", () => {
    const cells = Float64Array.from(office);
    fadeHours(cells, 270);
    expect(cells[cell(0, 9)]).toBeCloseTo(25, 9);
    expect(hourHabits(cells).tail(cell(1, 18))).toBeCloseTo(hourHabits(office).tail(cell(1, 18)), 3);
    fadeHours(cells, -5);
    expect(cells[cell(0, 9)]).toBeCloseTo(25, 9);
  });
});

describe("accumulated surprise", () => {
  const quietPast = Array.from({ length: 60 }).reduce<typeof noHourMemory>(
    (memory, _, i) => sealHourDay(memory, i, 0.2, false),
    noHourMemory,
  );

  test("one odd hour is no finding, three odd evenings in a week are, a month apart they are not", () => {
    const score = 2.5;
    expect(hourAccumulation(quietPast, 60, score).fires).toBe(false);
    const once = sealHourDay(quietPast, 60, score, false);
    expect(hourAccumulation(once, 61, score).fires).toBe(false);
    const twice = sealHourDay(once, 61, score, false);
    expect(hourAccumulation(twice, 63, score).fires).toBe(true);
    expect(hourAccumulation(twice, 90, score).fires).toBe(false);
  });

  test("a calm day after odd ones does not fire, and a finding is told once a week", () => {
    const odd = sealHourDay(quietPast, 60, 12, false);
    expect(hourAccumulation(odd, 61, 0.5).fires).toBe(false);
    const told = sealHourDay(quietPast, 60, 12, true);
    expect(hourAccumulation(told, 61, 12).fires).toBe(false);
    expect(hourAccumulation(told, 67, 12).fires).toBe(true);
  });

  test("a subject with a wild past needs more", () => {
    let wild = noHourMemory;
    for (let day = 0; day < 200; day++) wild = sealHourDay(wild, day, 6, false);
    expect(hourAccumulation(wild, 200, 2).fires).toBe(false);
    expect(hourAccumulation(wild, 200, 2).bound).toBeGreaterThan(30);
  });

  test("more hours never take a finding back, and the state stays bounded", () => {
    const past = fc.array(fc.tuple(fc.nat(3), fc.double({ min: 0, max: 20, noNaN: true }), fc.boolean()), {
      maxLength: 60,
    });
    const score = fc.double({ min: 0, max: 30, noNaN: true });
    fc.assert(
      fc.property(past, score, score, (days, some, more) => {
        let memory = noHourMemory;
        let day = 0;
        for (const [gap, value, fired] of days) {
          day += gap + 1;
          memory = sealHourDay(memory, day, value, fired);
        }
        expect(memory.days.length).toBeLessThanOrEqual(7);
        expect(memory.scores.length).toBe(memory.days.length);
        const here = hourAccumulation(memory, day + 1, some);
        const there = hourAccumulation(memory, day + 1, some + more);
        expect(there.accumulated).toBeGreaterThanOrEqual(here.accumulated);
        expect(there.bound).toBe(here.bound);
        if (here.fires) expect(there.fires).toBe(true);
      }),
    );
  });

  test("an hour brings no surprise until its tail is below 1/e", () => {
    expect(hourExcess(1)).toBe(0);
    expect(hourExcess(0.4)).toBe(0);
    expect(hourExcess(Math.exp(-3))).toBeCloseTo(2, 12);
  });
});

describe("inferred zone", () => {
  test.each([-11, -8, -5, 0, 1, 5, 9, 12, 13])("an office week in UTC%d is found", (offset) => {
    const utc = week((day, hour) => office[(cell(day, hour) + offset + 168) % 168]!);
    const inferred = inferZoneOffset(utc);
    expect(inferred.offsetHours).toBe(offset);
    expect(inferred.confidence).toBeGreaterThan(0.15);
  });

  test("hours that fit several offsets are halved, and no hours give no confidence", () => {
    const short = week((day, hour) => (day < 5 && hour >= 10 && hour < 15 ? 50 : 0));
    expect(Math.abs(inferZoneOffset(short).offsetHours - 1)).toBeLessThanOrEqual(1);
    expect(inferZoneOffset(week(() => 5)).confidence).toBeLessThan(0.01);
    expect(inferZoneOffset(new Float64Array(168))).toEqual({ offsetHours: 0, confidence: 0 });
  });

  test("little activity is little confidence", () => {
    const thin = office.map((count) => count / 500);
    expect(inferZoneOffset(thin).confidence).toBeLessThan(inferZoneOffset(office).confidence / 2);
  });
});

describe("inferred working hours", () => {
  const weekdays = [true, true, true, true, true, false, false];

  test("an office week, noise left out", () => {
    expect(inferWorkingHours(office)).toEqual({ days: weekdays, from: 9, to: 18 });
    const noisy = week((day, hour) => office[cell(day, hour)]! + (day === 6 && hour === 22 ? 20 : 0));
    expect(inferWorkingHours(noisy)).toEqual({ days: weekdays, from: 9, to: 18 });
  });

  test("a night shift crosses midnight and belongs to the day it begins on", () => {
    const nights = week((day, hour) => ((hour >= 22 && day < 5) || (hour < 6 && day > 0 && day < 6) ? 10 : 0));
    expect(inferWorkingHours(nights)).toEqual({ days: weekdays, from: 22, to: 6 });
  });

  test("a nightly job is one hour a day, a key without rest has all of them", () => {
    expect(inferWorkingHours(week((_day, hour) => (hour === 3 ? 9 : 0)))).toEqual({
      days: Array(7).fill(true),
      from: 3,
      to: 4,
    });
    expect(inferWorkingHours(week(() => 3))).toEqual({ days: Array(7).fill(true), from: 0, to: 24 });
    expect(inferWorkingHours([])).toEqual({ days: Array(7).fill(true), from: 0, to: 24 });
  });

  test("at least 97 % of any activity is inside", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 168, maxLength: 168 }), (cells) => {
        const { days, from, to } = inferWorkingHours(cells);
        let inside = 0;
        let total = 0;
        for (let i = 0; i < 168; i++) {
          const day = Math.floor(i / 24);
          const hour = i % 24;
          const covered =
            from < to
              ? days[day]! && hour >= from && hour < to
              : (days[day]! && hour >= from) || (days[(day + 6) % 7]! && hour < to);
          total += cells[i]!;
          if (covered) inside += cells[i]!;
        }
        expect(inside).toBeGreaterThanOrEqual(0.97 * total - 1e-9);
      }),
      { numRuns: 30 },
    );
  });
});
