import { describe, expect, test } from "vitest";
import type { VerdictInput } from "../../detect/verdicts.ts";
import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { closed, engineFor, event, KEY, MONDAY, officeDays, streamed, THIEF } from "./make.ts";

/* What people say of an incident is input of detection: it holds from the day after it was said, and is replayed like an event. */

const at = (day: number, hour: number) => MONDAY + day * DAY_MS + hour * HOUR_MS;
const stays = [42, 43, 44, 45].map((d) => event({ time: at(d, 10), ...THIEF }));
const events = [...officeDays(40), ...stays];
const told = (findings: Finding[]): string[] =>
  findings
    .filter((f) => f.detection === "new_source")
    .map((f) => `day ${(f.bucket - MONDAY) / DAY_MS} ${f.severity}`)
    .sort();
const first = closed(engineFor(), events).find((f) => f.detection === "new_source")!;
const said = (verdict: VerdictInput["verdict"], day: number, n = 2): VerdictInput => ({
  ...{ subject_uid: KEY, incident_uid: "i", n, effective_at: at(day, 12), verdict },
  finding_uids: [first.uid],
  members: [],
});
const withVerdicts = (...verdicts: VerdictInput[]): string[] => {
  const engine = engineFor();
  engine.setVerdicts(verdicts);
  return told(closed(engine, events));
};

describe("a verdict", () => {
  test("that nobody gave leaves a new place weakly told on each day", () => {
    expect(withVerdicts()).toEqual(["day 42 medium", "day 43 low", "day 44 low", "day 45 low"]);
  });

  test.each(["benign", "expected", "false_positive"] as const)(
    "of %s has the place learned from the next day on",
    (v) => {
      expect(withVerdicts(said(v, 42))).toEqual(["day 42 medium"]);
      expect(withVerdicts(said(v, 43))).toEqual(["day 42 medium", "day 43 low"]);
    },
  );

  test("holds for a key whose calls hit a policy too, also where that was said before the day before was sealed", () => {
    const granted = [{ name: "reporter", provider: "aws_cloudtrail", id: "k1", scopes: ["ec2:*"] }];
    for (const hour of [0, 10]) {
      const calls = [...officeDays(40), ...[42, 43, 44, 45].map((d) => event({ time: at(d, hour), ...THIEF }))];
      const found = closed(engineFor(granted), calls).filter((f) => f.detection === "new_source");
      expect(found.map((f) => (f.bucket - MONDAY) / DAY_MS).sort()).toEqual([42, 43, 44, 45]);
      const judged = engineFor(granted);
      judged.setVerdicts([{ ...said("expected", 42), finding_uids: found.map((f) => f.uid) }]);
      expect(told(streamed(judged, calls, 1))).toEqual(["day 42 medium"]);
    }
  });

  test("of a true positive never lets it be learned, however often it comes", () => {
    const engine = engineFor();
    engine.setVerdicts([said("true_positive", 42)]);
    const often = Array.from({ length: 30 }, (_, i) => event({ time: at(42 + i, 10), ...THIEF }));
    expect(told(closed(engine, [...officeDays(40), ...often]))).toHaveLength(30);
  });

  test("is taken back by reopening", () => {
    expect(withVerdicts(said("expected", 42), said(null, 43, 3))).toEqual([
      "day 42 medium",
      "day 44 low",
      "day 45 low",
    ]);
  });
});
