import { describe, expect, test } from "vitest";
import { keyOf, type Played, play, type Record } from "./play.ts";

/* The golden scenarios of DETECTION.md, section 8, through normaliser, engine and incidents. Those about channels stand in test/alert. */

/** Scenario is a row of DETECTION.md, section 8: records, and what is said of them. */
export interface Scenario {
  n: number;
  says: string;
  records(): Record[];
  inventory?: object;
  expect(played: Played): void;
}

/** listed declares the key of a user. */
export const listed = (user: string, more: object = {}) => ({
  name: user,
  provider: "aws_cloudtrail",
  id: keyOf(user),
  ...more,
});
export const range = (n: number) => Array.from({ length: n }, (_, i) => i);
export const quiet = (played: Played) => {
  expect(played.incidents.map((i) => [i.severity, ...i.reasons])).toEqual([]);
};
/** one expects a single incident of a severity with these detections. */
export const one =
  (severity: string, ...detections: string[]) =>
  (played: Played) => {
    expect(played.incidents.map((i) => i.severity)).toEqual([severity]);
    expect(played.incidents[0]!.detections).toEqual(expect.arrayContaining(detections));
  };

/** playAll makes a test of each scenario. */
export const playAll = (scenarios: readonly Scenario[]): void => {
  describe("golden scenarios", () => {
    test.each(scenarios.map((s) => [s.n, s.says, s] as const))("%i: %s", (_n, _says, s) => {
      s.expect(play(s.records(), s.inventory ? { inventory: s.inventory } : {}));
    });
  });
};
