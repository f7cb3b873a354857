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
