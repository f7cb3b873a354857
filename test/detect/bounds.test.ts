import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { profileText } from "../../detect/profile.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { closed, engineFor, event, KEY, MONDAY, officeDays, streamed, THIEF } from "./make.ts";

const day = MONDAY + 42 * DAY_MS;
const FLOOD = 3_000;

/** One call each from so many new networks, within a day. */
const addresses = (n: number, from = day): DetectEvent[] =>
  Array.from({ length: n }, (_, i) => {
    const net = `2001:db8:${i.toString(16)}`;
    const place = { src_ip: `${net}::1`, src_net: `${net}::/48`, asn: null };
    return event({ time: from + HOUR_MS + i * 20_000, ...THIEF, country: "DE", ...place });
  });

/** A scanner's writes to paths of its own making. */
const paths = (n: number, outcome: DetectEvent["outcome"]): DetectEvent[] =>
  Array.from({ length: n }, (_, i) =>
    event({
      time: day + 9 * HOUR_MS + i * 5_000,
      operation: `POST /x${i.toString(36)}`,
      service: null,
      verb_class: "write",
      outcome,
    }),
  );

const count = (findings: { detection: string }[], detection: string): number =>
  findings.filter((f) => f.detection === detection).length;

/** The machines of one role, each with its session, and one whose keys are used elsewhere. */
const ROLE = {
  subject_uid: "aws_cloudtrail:role",
  key_uid: "aws_cloudtrail:temporary",
  key_type: "temporary",
} as const;
const machine = (n: number, time: number, over: Partial<DetectEvent> = {}): DetectEvent =>
  event({ time, ...ROLE, session_kind: "instance", session_uid: `i-${n}`, ...over });
const machines = (n: number, from: number): DetectEvent[] =>
  Array.from({ length: n }, (_, i) => machine(i, from + HOUR_MS + i * 1_000));
const stolen = (found: { detection: string; dimension: string }[]): string[] =>
  found.filter((f) => f.detection === "credential_exfiltrated").map((f) => f.dimension);

describe("a role of many machines", () => {
  test.each([300, 4_000])("loses none of %i sessions on a day", (n) => {
    const found = closed(engineFor(), [...machines(n, day), machine(n - 1, day + 9 * HOUR_MS, THIEF)]);
    expect(stolen(found)).toEqual([`i-${n - 1}`]);
    const [finding] = found.filter((f) => f.detection === "credential_exfiltrated");
    expect([finding!.first_seen, finding!.severity]).toEqual([day + 9 * HOUR_MS, "high"]);
  });

  test("remembers all of them over days, and over a restart", () => {
    const before = engineFor();
    closed(before, machines(300, day));
    before.advance("aws_cloudtrail", day + DAY_MS + HOUR_MS);
    const engine = engineFor();
    engine.load(before.takeDirty());
    expect(
      stolen(
        closed(
          engine,
          [0, 70, 299].map((n) => machine(n, day + 2 * DAY_MS + n * 1_000, THIEF)),
        ),
      ),
    ).toEqual(["i-0", "i-70", "i-299"]);
  });

  test("says the same whatever the order and the batches", () => {
    const events = [...machines(300, day), ...[3, 280, 299].map((n) => machine(n, day + HOUR_MS + n * 900, THIEF))];
    for (const batch of [1, 50, 1_000])
      for (const order of [events, [...events].reverse()])
        expect(stolen(streamed(engineFor(), order, batch)).sort()).toEqual(["i-280", "i-299", "i-3"]);
  });

  test("is bounded", () => {
    const engine = engineFor();
    closed(engine, machines(6_000, day));
    expect(engine.profile(ROLE.subject_uid)!.days.get(day / DAY_MS)!.crowd.size).toBe(4_096);
    engine.advance("aws_cloudtrail", day + DAY_MS + HOUR_MS);
    expect(engine.profile(ROLE.subject_uid)!.sealed.crowd.size).toBe(4_096);
  });
});

describe("hostile input", () => {
  test("thousands of new networks on a day give a few findings of each detection, one of them for all others", () => {
    const engine = engineFor();
    const found = closed(engine, [...officeDays(40), ...addresses(FLOOD)]);
    expect(count(found, "new_source")).toBe(33);
    const rest = found.find((f) => f.detection === "new_source" && f.dimension === "and more")!;
    expect(rest.event_count).toBe(FLOOD - 32);
    expect(rest.severity).toBe("medium");
    expect(rest.reasons.at(-1)).toBe(
      `Of one day, 32 findings of this kind are told one by one; this one stands for all others: 2,968 calls.`,
    );
  });

  test("they leave a small profile, in which none of them is learned", () => {
    const engine = engineFor();
    closed(engine, [...officeDays(40), ...addresses(FLOOD)]);
    expect(profileText(engine.profile(KEY)!).length).toBeLessThan(250_000);
    engine.advance("aws_cloudtrail", day + 2 * DAY_MS);
    const profile = engine.profile(KEY)!;
    expect(profileText(profile).length).toBeLessThan(20_000);
    expect([...profile.sealed.values.net.values.keys()]).toEqual(["203.0.113.0/24"]);
  });

  test("what waits for days or a verdict is bounded over days too", () => {
    const engine = engineFor();
    const floods = [0, 1, 2, 3, 4, 7, 8, 9].flatMap((d) =>
      addresses(100, day + d * DAY_MS).map((e, i) => {
        const net = `2001:db8:${(d * 1000 + i).toString(16)}`;
        return { ...e, src_ip: `${net}::1`, src_net: `${net}::/48` };
      }),
    );
    closed(engine, [...officeDays(40), ...floods]);
    engine.advance("aws_cloudtrail", day + 12 * DAY_MS);
    expect(engine.profile(KEY)!.pending.size).toBeLessThanOrEqual(256);
  });

  test("neither the order within lateness nor batches change what is held back, nor that there are more findings than are told", () => {
    const flood = addresses(200).map((e) => ({ ...e, time: day + HOUR_MS + (e.time % (10 * MINUTE_MS)) }));
    const results = [1, 7, 1000].flatMap((batch) =>
      [0, 1].map((reversed) => {
        const engine = engineFor();
        const found = streamed(engine, [...officeDays(40), ...(reversed ? [...flood].reverse() : flood)], batch);
        engine.advance("aws_cloudtrail", day + 2 * DAY_MS);
        const pending = [...engine.profile(KEY)!.pending].map(([key, { need }]) => [key, need]).sort();
        const rest = found.find((f) => f.dimension === "and more")!;
        return { n: count(found, "new_source"), rest: [rest.uid, rest.event_count], pending };
      }),
    );
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test("writes to paths that are not there are neither first writes nor new operations, nor do they count as writes", () => {
    const engine = engineFor();
    const found = closed(engine, [...officeDays(40), ...paths(FLOOD, "not_found")]);
    expect([count(found, "first_write"), count(found, "new_operation")]).toEqual([0, 0]);
    const [written] = closed(engine, [
      event({ time: day + DAY_MS + 9 * HOUR_MS, operation: "PutObject", verb_class: "write" }),
    ]).filter((f) => f.detection === "first_write");
    expect(written?.severity).toBe("medium");
  });

  test("writes that succeed on as many paths give a few findings of each detection", () => {
    const found = closed(engineFor(), [...officeDays(40), ...paths(FLOOD, "success")]);
    expect([count(found, "first_write"), count(found, "new_operation")]).toEqual([33, 33]);
  });

  test("a call refused after one that was not found still speaks", () => {
    const probe = { operation: "PutThing", service: "other", verb_class: "write" as const };
    const found = closed(engineFor(), [
      ...officeDays(40),
      event({ time: day + 9 * HOUR_MS, ...probe, outcome: "not_found" }),
      event({ time: day + 10 * HOUR_MS, ...probe, outcome: "denied" }),
    ]);
    expect(count(found, "new_operation")).toBe(1);
  });
});
