import { expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import type { Engine } from "../../detect/engine.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { engineFor, event, MONDAY } from "./make.ts";

const LATE = MONDAY + 17 * DAY_MS;

/** arrivals are 25 calls a quarter of an hour, 8 to 16 UTC, that come `late` after their time, in the order in which they come. */
function arrivals(from: number, days: number, late: (time: number) => number): DetectEvent[] {
  const events: DetectEvent[] = [];
  for (let time = from; time < from + days * DAY_MS; time += 36_000)
    if (time % DAY_MS >= 8 * HOUR_MS && time % DAY_MS < 16 * HOUR_MS)
      events.push(event({ time, ingested_at: time + late(time) }));
  return events.sort((a, b) => a.ingested_at! - b.ingested_at!);
}
const usual = (time: number) => 3 * MINUTE_MS + (time % 97) * 1_000;
/** On one day everything from 10 UTC on arrives three hours late. */
const delayed = (time: number) =>
  time >= LATE + 10 * HOUR_MS && time < LATE + DAY_MS ? 3 * HOUR_MS + (time % 97) * 1_000 : usual(time);

function run(engine: Engine, events: DetectEvent[], found = new Map<string, Finding>()): Map<string, Finding> {
  for (let i = 0; i < events.length; i += 50)
    for (const f of engine.process(events.slice(i, i + 50), { sorted: false, now: Number.MAX_SAFE_INTEGER }))
      if (f.detection === "delivery_lag") found.set(f.uid, f);
  return found;
}

test("events that come much later than usual are told with what is usual, and the finding ends when they come in time", () => {
  const [f, ...more] = run(engineFor(), arrivals(MONDAY, 19, delayed)).values();
  expect(more).toEqual([]);
  expect(f).toMatchObject({ severity: "informational", kind: "fleet", provider: "aws_cloudtrail", key_uid: null });
  expect(f!.resolved_at).toBeGreaterThan(f!.first_seen);
  expect(f!.first_seen).toBeGreaterThanOrEqual(LATE + 13 * HOUR_MS);
  expect(f!.anomaly.facts.lag_seconds).toBeGreaterThanOrEqual(3 * 3_600);
  expect(f!.anomaly.facts.usual_seconds).toBeLessThan(6 * 60);
  expect(f!.anomaly.p).toBeLessThan(1 / 300);
  expect(f!.reasons.join(" ")).toMatch(
    /arrived up to .* after their time .* usual.*in their usual time again.*1 in \d+ was as late/,
  );
});

test("a restart between any two batches gives the same finding", () => {
  const events = arrivals(MONDAY, 19, delayed);
  const wanted = [...run(engineFor(), events).values()];
  const last = events.findIndex((e) => e.ingested_at! >= LATE + 13 * HOUR_MS);
  for (const cut of [last - 40, last + 30, last + 200]) {
    const first = engineFor();
    const found = run(first, events.slice(0, cut));
    const second = engineFor();
    second.load(first.takeDirty());
    expect([...run(second, events.slice(cut), found).values()], `cut at ${cut}`).toEqual(wanted);
  }
});

test("history that is read in beside the live log is not late", () => {
  const live = arrivals(MONDAY, 19, usual);
  const at = LATE + 12 * HOUR_MS;
  const days = arrivals(LATE - 5 * DAY_MS, 3, (time) => at - time);
  const hours = arrivals(LATE, 1, (time) => at + 5 * MINUTE_MS - time).filter((e, i) => e.time < at && i % 40 === 0);
  const mixed = [...live, ...days, ...hours].sort((a, b) => a.ingested_at! - b.ingested_at!);
  expect([...run(engineFor(), mixed).values()]).toEqual([]);
});
