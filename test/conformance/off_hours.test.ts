import { describe, expect, test } from "vitest";
import { botsTold, scoreOffHours } from "../quality/off_hours_score.ts";
import { lasting, readTimelines } from "../quality/timelines.ts";
import { sharedData } from "./shared_data.ts";

const data = sharedData("activity");

describe.skipIf(data === null)("off-hours of the whole engine on real working rhythms", () => {
  test("at most 3.2 alert-days a year, and at least 88 % of takeovers caught", () => {
    const score = scoreOffHours(lasting(readTimelines(data!)));
    const noise = score.alertDays / score.years;
    const caught = score.caught / score.takeovers;
    process.stdout.write(`off-hours: ${noise.toFixed(2)} alert-days a year, ${(100 * caught).toFixed(1)} % caught\n`);
    expect(score.people).toBeGreaterThanOrEqual(100);
    expect(score.takeovers).toBeGreaterThan(1_000);
    expect(noise).toBeLessThanOrEqual(3.2);
    expect(caught).toBeGreaterThanOrEqual(0.88);
  }, 300_000);
});

test("bots that work round the clock are never told of their hours", () => {
  expect(botsTold()).toEqual({ bots: 20, told: 0 });
});
