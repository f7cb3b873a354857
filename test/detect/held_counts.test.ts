import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { profileText } from "../../detect/profile.ts";
import type { VerdictInput } from "../../detect/verdicts.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { byTime, closed, engineFor, event, KEY, MONDAY, officeDays, streamed } from "./make.ts";

/* What a finding counted on a day is no habit until it came on as many days as a value has to, or until a person said that it is harmless. */

const at = (day: number, hour: number) => MONDAY + day * DAY_MS + hour * HOUR_MS;
const burst = (n: number, time: number, of: (i: number) => Partial<DetectEvent>): DetectEvent[] =>
  Array.from({ length: n }, (_, i) => event({ time: time + i * 1_000, ...of(i) }));
const denied = (operation: string): Partial<DetectEvent> => ({
  ...{ operation, service: "iam", outcome: "denied", error_code: "AccessDenied" },
});

/** Attacks of one office hour, by the detection that tells them (and what it counted). */
const attacks: Record<string, (day: number, n?: number) => DetectEvent[]> = {
  denied_enumeration: (day, n = 30) => burst(n, at(day, 10), (i) => denied(`List${i}`)),
  failure_spike: (day, n = 60) => burst(n, at(day, 10), () => denied("GetUser")),
  call_volume_spike: (day, n = 200) => burst(n, at(day, 10), () => ({})),
  bulk_read: (day, n = 250) => burst(n, at(day, 10), (i) => ({ resources: [`arn:aws:s3:::store/${i}`] })),
  "bulk_read bytes": (day, n = 250) => burst(n / 50, at(day, 10), () => ({ bytes_out: 500_000_000 })),
};
const known = officeDays(130).map((e) => ({ ...e, bytes_out: 10_000 }));
const life = (to: number) => known.filter((e) => e.time < at(to, 0));
const told = (findings: Finding[], detection: string): string[] =>
  findings
    .filter(
      (f) =>
        f.detection === detection && f.severity !== "informational" && f.dimension !== "day" && f.dimension !== "week",
    )
    .sort((a, b) => a.bucket - b.bucket)
    .map((f) => `day ${Math.floor((f.bucket - MONDAY) / DAY_MS)} ${f.severity}`);

describe.each(Object.entries(attacks))("%s", (name, attack) => {
  const detection = name.split(" ")[0]!;
  const loud = told(closed(engineFor(), [...life(43), ...attack(42)]), detection)[0]!.replace("day 42 ", "");

  test("an attack that comes again three weeks later is told as loudly as before", () => {
    const found = closed(engineFor(), [...life(64), ...attack(42), ...attack(63)]);
    expect(told(found, detection)).toEqual([`day 42 ${loud}`, `day 63 ${loud}`]);
  });

  test("one that goes on is a weak signal on the next days, and as loud as before where it is more than twice as much", () => {
    const found = closed(engineFor(), [...life(47), ...attack(42), ...attack(43), ...attack(44, 700)]);
    expect(told(found, detection)).toEqual([`day 42 ${loud}`, "day 43 low", `day 44 ${loud}`]);
  });

  test("a new level is a habit after fourteen distinct days", () => {
    const days = Array.from({ length: 30 }, (_, i) => 42 + i).filter((d) => d % 7 < 5);
    const found = told(closed(engineFor(), [...life(72), ...days.flatMap((d) => attack(d))]), detection);
    expect(found).toEqual([`day 42 ${loud}`, ...days.slice(1, 14).map((d) => `day ${d} low`)]);
  });

  const first = closed(engineFor(), [...life(43), ...attack(42)]).filter((f) => f.detection === detection);
  const said = (verdict: VerdictInput["verdict"], day: number, n = 2): VerdictInput => ({
    ...{ subject_uid: KEY, incident_uid: "i", n, effective_at: at(day, 12), verdict },
    finding_uids: first.map((f) => f.uid),
    members: [],
  });
  const withVerdicts = (again: number[], ...verdicts: VerdictInput[]): string[] => {
    const engine = engineFor();
    engine.setVerdicts(verdicts);
    const days = [42, ...again];
    return told(closed(engine, [...life(days.at(-1)! + 1), ...days.flatMap((d) => attack(d))]), detection);
  };

  test.each(["benign", "expected", "false_positive"] as const)(
    "a verdict of %s has it learned from the next day on",
    (v) => {
      expect(withVerdicts([44, 63], said(v, 43))).toEqual([`day 42 ${loud}`]);
    },
  );

  test("a verdict that is taken back has it told again", () => {
    expect(withVerdicts([63], said("benign", 43), said(null, 45, 3))).toEqual([`day 42 ${loud}`, `day 63 ${loud}`]);
  });

  test("one that a true positive names is never learned, and stays loud", () => {
    const days = Array.from({ length: 30 }, (_, i) => 43 + i).filter((d) => d % 7 < 5);
    const found = withVerdicts(days, said("true_positive", 42));
    expect(found).toEqual([42, ...days].map((d) => `day ${d} ${loud}`));
  });

  test("neither order within lateness nor batches change what is told and what is learned", () => {
    const days = [42, 43, 49, 63];
    const events = byTime([...life(65), ...days.flatMap((d) => attack(d))]);
    const shuffled = events
      .map((e, i) => ({ e, at: e.time + (((i * 7919) % 97) / 97) * 14 * MINUTE_MS }))
      .sort((a, b) => a.at - b.at)
      .map(({ e }) => e);
    const results = [events, shuffled].flatMap((order) =>
      [1, 100, 10_000].map((batch) => {
        const engine = engineFor();
        const found = streamed(engine, order, batch);
        engine.advance("aws_cloudtrail", at(67, 1));
        const { sealed, pending } = engine.profile(KEY)!;
        return { uids: found.map((f) => f.uid).sort(), sealed, pending: [...pending].sort() };
      }),
    );
    for (const result of results) expect(result).toEqual(results[0]);
  });
});

test("what is held back of counts stays small", () => {
  const days = Array.from({ length: 10 }, (_, i) => 42 + i);
  const engine = engineFor();
  const all = days.flatMap((d) => Object.values(attacks).flatMap((attack) => attack(d)));
  closed(engine, [...life(52), ...all]);
  engine.advance("aws_cloudtrail", at(54, 1));
  const { pending } = engine.profile(KEY)!;
  const counts = [...pending].filter(([key]) => key.startsWith("count"));
  expect(counts).toHaveLength(4);
  expect(profileText({ ...engine.profile(KEY)!, pending: new Map(counts) }).length).toBeLessThan(8 * 1024);
  expect(JSON.stringify(counts).length).toBeLessThan(counts.length * 341);
});

test("a burst in the last quarter of an hour of a day is held back with its day", () => {
  const late = (day: number) => burst(60, at(day, 24) - 10 * MINUTE_MS, () => denied("GetUser"));
  const found = closed(engineFor(), [...life(64), ...late(42), ...late(63)]);
  expect(told(found, "failure_spike")).toEqual(["day 42 medium", "day 63 medium"]);
});

test("a verdict of a true positive takes back what one of benign had learned", () => {
  const engine = engineFor();
  const events = [...life(64), ...attacks.failure_spike!(42), ...attacks.failure_spike!(63)];
  const uids = closed(engineFor(), [...life(43), ...attacks.failure_spike!(42)]).map((f) => f.uid);
  const said = (incident_uid: string, verdict: VerdictInput["verdict"], day: number): VerdictInput => ({
    ...{ subject_uid: KEY, incident_uid, n: 2, effective_at: at(day, 12), verdict, finding_uids: uids, members: [] },
  });
  engine.setVerdicts([said("a", "benign", 42), said("b", "true_positive", 44)]);
  expect(told(closed(engine, events), "failure_spike")).toEqual(["day 42 medium", "day 63 medium"]);
});
