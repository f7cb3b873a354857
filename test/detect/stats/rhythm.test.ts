import { describe, expect, test } from "vitest";
import { lagOf, lagStep, newLags, quantileStep } from "../../../detect/stats/lag.ts";
import { chanceOf, learnSlot, lengthen, newQuiet, newRhythm, slotOf } from "../../../detect/stats/rhythm.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../schemas/duration.ts";
import { MONDAY } from "../make.ts";

/** A rhythm of some weeks; `speaks` asks each quarter of an hour. */
function learned(weeks: number, speaks: (time: number) => boolean) {
  const rhythm = newRhythm();
  for (let time = MONDAY; time < MONDAY + weeks * 7 * DAY_MS; time += 15 * MINUTE_MS)
    learnSlot(rhythm, slotOf(time), speaks(time));
  return rhythm;
}
const silence = (rhythm: ReturnType<typeof newRhythm>, from: number, slots: number) => {
  const quiet = newQuiet();
  for (let i = 0; i < slots; i++) lengthen(quiet, rhythm, slotOf(from) + i);
  return quiet;
};
const office = (time: number) => time % DAY_MS >= 8 * HOUR_MS && time % DAY_MS < 16 * HOUR_MS;

describe("a rhythm", () => {
  test("of a source that always speaks: four weeks are 16 of 16, a chance of 16/17 a quarter of an hour", () => {
    const rhythm = learned(4, () => true);
    expect(chanceOf(rhythm, slotOf(MONDAY))).toBeCloseTo(16 / 17, 12);
    const quiet = silence(rhythm, MONDAY, 5);
    expect(Math.exp(-quiet.nats)).toBeCloseTo((1 / 17) ** 5, 12);
    expect(quiet.expected).toBeCloseTo((5 * 16) / 17, 9);
  });

  test("counts nothing in hours of rest, and behind them at most 1 in 500 a day", () => {
    const rhythm = learned(8, office);
    expect(silence(rhythm, MONDAY + 16 * HOUR_MS, 64).nats).toBe(0);
    const away = (days: number) => silence(rhythm, MONDAY + 16 * HOUR_MS, days * 96).nats;
    expect(away(1)).toBeCloseTo(Math.log(500), 6);
    expect(away(2)).toBeCloseTo(2 * Math.log(500), 6);
    expect(silence(rhythm, MONDAY + 10 * HOUR_MS, 8).nats).toBeGreaterThan(2 * Math.log(500));
  });

  test("fades: what was eight weeks ago weighs less than what is now", () => {
    const rhythm = learned(8, () => true);
    for (let week = 8; week < 16; week++)
      for (let i = 0; i < 4; i++) learnSlot(rhythm, slotOf(MONDAY + week * 7 * DAY_MS) + i, false);
    expect(chanceOf(rhythm, slotOf(MONDAY))).toBeLessThan(0.4);
  });
});

describe("lags", () => {
  test.each([
    [0, 0, 60_000],
    [60_000, 0, 60_000],
    [61_000, 1, 71_352],
    [120_000, 4, 120_000],
    [3 * HOUR_MS, 30, 10_861_160],
  ])("%i ms are of step %i, up to %i ms", (lag, step, upTo) => {
    expect(lagStep(lag)).toBe(step);
    expect(lagOf(step)).toBe(upTo);
  });

  test("beyond a day are no lags but history", () => {
    expect([lagStep(23 * HOUR_MS), lagStep(25 * HOUR_MS)]).toEqual([42, null]);
  });

  test("quantiles are the first step that a share does not exceed", () => {
    const lags = newLags();
    lags[2] = 95;
    lags[20] = 5;
    expect([0.5, 0.95, 0.96].map((share) => quantileStep(lags, share))).toEqual([2, 2, 20]);
  });
});
