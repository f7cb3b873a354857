import { expect, test } from "vitest";
import { catalogue } from "../../detect/catalogue.ts";
import type { DetectEvent } from "../../detect/detection.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { byTime, closed, engineFor, event, MONDAY, names, officeDays, streamed, THIEF } from "./make.ts";

/** Office life with a theft in the fifth week: new place, odd hour, sensitive writes, a burst of denials. */
function story(): DetectEvent[] {
  const night = MONDAY + 31 * DAY_MS + 2 * HOUR_MS;
  const stolen = [0, 1, 2].map((i) =>
    event({ time: night + i * MINUTE_MS, ...THIEF, operation: "CreateAccessKey", service: "iam", verb_class: "admin" }),
  );
  const denied = Array.from({ length: 14 }, (_, i) =>
    event({
      time: night + 10 * MINUTE_MS + i * 40_000,
      ...THIEF,
      operation: `List${"ABCDEFG"[i % 7]}`,
      service: "iam",
      outcome: "denied",
      error_code: "AccessDenied",
    }),
  );
  const both = officeDays(3, THIEF, 1, MONDAY + 32 * DAY_MS).slice(0, 5);
  return byTime([...officeDays(40), ...stolen, ...denied, ...both]);
}

/** disorder moves every event by less than the lateness, deterministically. */
function disorder(events: DetectEvent[], seed: number): DetectEvent[] {
  let state = seed;
  const jitter = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 14 * MINUTE_MS;
  };
  return events
    .map((e) => ({ e, at: e.time + jitter() }))
    .sort((a, b) => a.at - b.at)
    .map(({ e }) => e);
}

const uids = (findings: { uid: string }[]) => findings.map((f) => f.uid).sort();

test("a stolen office key is told by place, hour, operation and denials", () => {
  const found = names(closed(engineFor(), story()));
  expect(found).toContain("new_source high");
  expect(found).toContain("new_operation high");
  expect(found).toContain("denied_enumeration high");
  expect(found.some((n) => n.startsWith("off_hours"))).toBe(true);
  expect(found.some((n) => n.startsWith("concurrent_use"))).toBe(true);
});

test("forty days of office life say nothing", () => {
  expect(closed(engineFor(), officeDays(40)).map((f) => [f.detection, f.severity, f.reasons])).toEqual([]);
});

test("neither batch size nor disorder within lateness changes a finding uid", () => {
  const events = story();
  const wanted = uids(closed(engineFor(), events));
  for (const batch of [1, 100, 10_000]) {
    for (const seed of [1, 2, 3]) {
      expect(uids(streamed(engineFor(), disorder(events, seed), batch)), `batch ${batch}, seed ${seed}`).toEqual(
        wanted,
      );
    }
  }
});

test("a restart from stored profiles in the middle of a day changes nothing", () => {
  const events = story();
  const wanted = uids(closed(engineFor(), events));
  for (const cut of [100, Math.floor(events.length / 2), events.length - 12]) {
    const first = engineFor();
    const found = new Map(
      first.process(events.slice(0, cut), { sorted: true, now: Number.MAX_SAFE_INTEGER }).map((f) => [f.uid, f]),
    );
    const second = engineFor();
    second.load(first.takeDirty());
    for (const f of second.process(events.slice(cut), { sorted: true, now: Number.MAX_SAFE_INTEGER }))
      found.set(f.uid, f);
    for (const f of second.finish()) found.set(f.uid, f);
    expect([...found.keys()].sort(), `cut at ${cut}`).toEqual(wanted);
  }
});

test("an event six hours late adds its finding, marked late, and removes none", () => {
  const events = story();
  const late = event({
    time: MONDAY + 32 * DAY_MS + 3 * HOUR_MS,
    ...THIEF,
    src_ip: "192.0.2.7",
    src_net: "192.0.2.0/24",
    asn: 64511,
    country: "RU",
    operation: "StopLogging",
    service: "cloudtrail",
    verb_class: "admin",
  });
  const inTime = closed(engineFor(), [...events, late]);
  const at = events.findIndex((e) => e.time > late.time + 6 * HOUR_MS);
  const lateRun = streamed(engineFor(), [...events.slice(0, at), late, ...events.slice(at)], 1);
  const missing = uids(inTime).filter((u) => !uids(lateRun).includes(u));
  expect(missing).toEqual([]);
  const marked = lateRun.filter((f) => f.event_uids.includes(late.event_uid));
  expect(marked.length).toBeGreaterThan(0);
  expect(marked.every((f) => f.late)).toBe(true);
});

test("a busy key's profile stays small: its text has less than 8 KB though addresses, networks and operations are full", () => {
  const events = Array.from({ length: 120 }, (_, d) =>
    Array.from({ length: 8 }, (_, i) =>
      event({
        time: MONDAY + d * DAY_MS + i * HOUR_MS,
        operation: `Op${(d * 8 + i) % 300}`,
        src_ip: `198.51.100.${(d * 8 + i) % 250}`,
        asn: 64500 + ((d + i) % 90),
      }),
    ),
  ).flat();
  const engine = engineFor();
  closed(engine, events);
  engine.advance("aws_cloudtrail", MONDAY + 130 * DAY_MS);
  const row = engine.takeDirty().find((r) => r.subject_uid.endsWith("k1"));
  expect(row!.state.length).toBeLessThan(8 * 1024);
});

test("an attacker's network is not learned in a day, but after fourteen distinct days without a verdict", () => {
  const history = officeDays(40);
  const stays = Array.from({ length: 20 }, (_, i) =>
    event({ time: MONDAY + (42 + i) * DAY_MS + 10 * HOUR_MS, ...THIEF }),
  );
  const found = closed(engineFor(), [...history, ...stays]).filter((f) => f.detection === "new_source");
  expect(found[0]!.severity).toBe("medium");
  expect(found.length).toBe(14);
  expect(found.slice(1).every((f) => f.severity === "low")).toBe(true);
});

test("a detection that fails takes nothing from the others, nor from the events behind it", () => {
  const events = [...officeDays(31), ...story()];
  const whole = closed(engineFor(), events);
  const broken = catalogue.map((d) => {
    const fails = (): never => {
      throw new TypeError("a field of another kind");
    };
    if (d.id === "new_operation") return { ...d, judge: fails } as typeof d;
    return d.id === "secret_in_log" ? ({ ...d, check: fails } as typeof d) : d;
  });
  const told = new Set<string>();
  const onFault = (detection: string): void => void told.add(detection);
  const rest = closed(engineFor([], { detections: broken, onFault }), events);
  expect(told).toEqual(new Set(["new_operation", "secret_in_log"]));
  const uids = (findings: typeof whole) => findings.map((f) => f.uid).sort();
  expect(uids(rest)).toEqual(uids(whole.filter((f) => f.detection !== "new_operation")));
  expect(() => closed(engineFor([], { detections: broken }), events)).toThrow("a field of another kind");
});
