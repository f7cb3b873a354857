import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import type { Engine } from "../../detect/engine.ts";
import { createFleet } from "../../detect/fleet/fleet.ts";
import { SLOT_MS, slotOf } from "../../detect/stats/rhythm.ts";
import { DAY_MS, dayOf, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Signal } from "../../schemas/signal.ts";
import { engineFor, event, MONDAY, names, officeDays, THIEF } from "./make.ts";

/* An event years ahead of its arrival is a broken clock: nothing may follow it, and what older versions let follow it comes back. */

const AHEAD = Date.UTC(2090, 0, 1);
const at = (day: number, hour = 0) => MONDAY + day * DAY_MS + hour * HOUR_MS;
const NEW = { key_uid: "aws_cloudtrail:k2", principal_uid: "arn:aws:iam::111122223333:user/other" };

const first = officeDays(20);
const second = [...officeDays(40, NEW, 3, at(21)), event({ time: at(63, 10), ...NEW, ...THIEF })];
const sources = (findings: Finding[]): string[] => names(findings.filter((f) => f.detection === "new_source"));

/** input judges one closed input that ends where its newest event with a sound clock does. */
function input(engine: Engine, events: DetectEvent[]): Finding[] {
  const now = Math.max(...events.filter((e) => e.time < AHEAD).map((e) => e.time)) + HOUR_MS;
  return [...engine.process(events, { sorted: false, now }), ...engine.finish()];
}

describe("an event years ahead of its arrival", () => {
  test("ends no learning: a theft weeks later is told as it is without the event", () => {
    const engine = engineFor();
    input(engine, [...first, event({ time: AHEAD })]);
    expect(sources(input(engine, second))).toEqual(["new_source medium"]);
    expect(engine.deferred()).toBe(0);
  });

  test("calls no source silent that speaks, and hides none that falls silent", () => {
    const engine = engineFor();
    const found = new Map<string, Finding>();
    const keep = (findings: Finding[]) => {
      for (const f of findings) if (f.detection === "source_silent") found.set(f.uid, f);
    };
    const from = at(0);
    for (let now = from; now < at(21); now += 15 * MINUTE_MS) {
      const events = now < at(20) ? [event({ time: now - 5 * MINUTE_MS })] : [];
      if (now === at(16, 12)) events.push(event({ time: AHEAD }));
      keep(engine.process(events, { sorted: false, now }));
      keep(engine.advance("aws_cloudtrail", now - 30 * MINUTE_MS));
      if (now === at(19, 12)) expect([...found.values()]).toEqual([]);
    }
    expect([...found.values()].map((f) => [f.first_seen, f.resolved_at])).toEqual([[at(20) - 15 * MINUTE_MS, null]]);
  });

  test("while one that runs ahead by minutes is judged as ever", () => {
    const engine = engineFor();
    input(engine, [...first, ...second.slice(0, -1)]);
    const now = at(63, 10);
    expect(
      sources(engine.process([event({ time: now + 20 * MINUTE_MS, ...NEW, ...THIEF })], { sorted: false, now })),
    ).toEqual(["new_source medium"]);
  });
});

describe("what an older version stored after such an event", () => {
  /** rows are the engine's after the first input, as a version stored them that sealed all days up to the event's. */
  function rows(): { subject_uid: string; state: string }[] {
    const engine = engineFor();
    input(engine, first);
    const [own, ...profiles] = engine.takeDirty().reverse();
    const state = JSON.parse(own!.state);
    state.marks[0][2] = dayOf(AHEAD);
    state.marks[0][3] = 1;
    return [{ subject_uid: own!.subject_uid, state: JSON.stringify(state) }, ...profiles];
  }

  test("is sealed again from the provider's own time on, and the event that waited is let go", () => {
    const engine = engineFor();
    engine.load(rows());
    const [owed] = engine.owed();
    expect(owed!.provider).toBe("aws_cloudtrail");
    engine.defer([event({ time: AHEAD })]);
    expect(engine.deferred()).toBe(0);
    expect(sources(input(engine, second))).toEqual(["new_source medium"]);
  });

  test("has no day of it open any more", () => {
    const told = engineFor();
    told.process([event({ time: AHEAD })], { sorted: true, now: Number.MAX_SAFE_INTEGER });
    const [, ahead] = told.takeDirty().reverse();
    expect(ahead!.state).toContain(String(dayOf(AHEAD)));
    const engine = engineFor();
    engine.load([rows()[0]!, ahead!]);
    expect(engine.profile(ahead!.subject_uid)!.days.size).toBe(0);
    expect(engine.takeDirty().map((r) => r.subject_uid)).toContain(ahead!.subject_uid);
  });

  test("has the false silence end when the source speaks, and the next one told", () => {
    const signal = (kind: string, time: number, value = ""): Signal => ({
      ...{ kind, provider: "aws_cloudtrail", account: null, subject_uid: "e", time, value, event_uid: "" },
    });
    const speaks = (from: number, to: number): Signal[] => {
      const signals: Signal[] = [];
      for (let slot = slotOf(from); slot < slotOf(to); slot++)
        signals.push(signal("feed", slot * SLOT_MS), signal("clock", (slot - 1) * SLOT_MS, "event"));
      return signals;
    };
    const broken = createFleet();
    broken.take(speaks(at(0), at(20)));
    const [alarm] = broken.take([signal("feed", AHEAD)]).slice(-1);
    expect(alarm).toMatchObject({ detection: "source_silent", resolved_at: null });
    expect(broken.take(speaks(at(20), at(22)))).toEqual([]);

    const fleet = createFleet();
    fleet.load(broken.text());
    const ended = fleet.take(speaks(at(22), at(30)));
    expect(ended.map((f) => [f.uid, f.resolved_at])).toEqual([[alarm!.uid, at(22)]]);
    expect(fleet.unheard("aws_cloudtrail", null, at(23), at(40))).toBe(0);
    const told = fleet.take([signal("clock", at(31), "tick"), signal("clock", at(31, 2), "event")]);
    expect(told.length).toBeGreaterThan(0);
    expect(told.at(-1)).toMatchObject({ detection: "source_silent", first_seen: at(30), resolved_at: null });
  });
});
