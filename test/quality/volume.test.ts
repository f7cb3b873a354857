import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import { MONDAY } from "../detect/make.ts";
import { draws } from "./random.ts";
import { engineAlarms, gaussianAlarms, type Series, scoreSeries } from "./volume_series.ts";

/** Twelve days of hourly values around 10, tenfold in three hours of day `spike`. */
function series(spike: number): Series {
  const r = draws("series");
  const times = Array.from({ length: 12 * 24 }, (_, i) => MONDAY + i * HOUR_MS);
  const from = MONDAY + spike * DAY_MS + 9 * HOUR_MS;
  return {
    name: "made",
    times,
    values: times.map((t) => r.normal(10, 1) * (t >= from && t < from + 3 * HOUR_MS ? 10 : 1)),
    windows: [[from - HOUR_MS, from + 4 * HOUR_MS]],
  };
}

describe("labelled series", () => {
  test("a tenfold rise is found by the engine and by the plain Gaussian, and nothing else is", () => {
    for (const alarms of [engineAlarms(series(10), "medium"), gaussianAlarms(series(10), 8)])
      expect(scoreSeries(series(10), alarms)).toEqual({ windows: 1, hit: 1, falseDays: 0 });
  });

  test("alarms count once a day, and none at the beginning", () => {
    const at = (day: number, hour: number) => MONDAY + day * DAY_MS + hour * HOUR_MS;
    const alarms = [at(0, 5), at(8, 1), at(8, 2), at(9, 3), at(10, 9)];
    expect(scoreSeries(series(10), alarms)).toEqual({ windows: 1, hit: 1, falseDays: 2 });
    expect(scoreSeries(series(1), [at(1, 9)])).toEqual({ windows: 0, hit: 0, falseDays: 0 });
  });
});
