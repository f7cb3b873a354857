import { describe, expect, test } from "vitest";
import { createRevocations } from "../../detect/revocations.ts";
import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import { byTime, closed, engineFor, event, KEY, MONDAY, names, officeDays, streamed } from "./make.ts";

/* What the log says of revoked keys: a key that was made active again is revoked no more. */

const at = (day: number, hour = 0) => MONDAY + day * DAY_MS + hour * HOUR_MS;
const admin = { key_uid: "aws_cloudtrail:admin", principal_uid: "arn:aws:iam::111122223333:user/admin" };
const update = (time: number, status: "Active" | "Inactive") =>
  event({
    ...{ ...admin, time, operation: "UpdateAccessKey", service: "iam", verb_class: "admin" },
    resources: [`${status === "Active" ? "key_enabled" : "key"}:${KEY}`],
  });
const revoked = (found: ReturnType<typeof closed>) => found.filter((f) => f.detection === "key_used_after_revocation");

describe("a key that was deactivated", () => {
  const trial = [update(at(1, 10), "Inactive"), update(at(1, 11), "Active")];

  test("and made active again may be used, in any order of the three", () => {
    const later = event({ time: at(5, 9) });
    expect(revoked(closed(engineFor(), [...officeDays(1), ...trial, later]))).toEqual([]);
    expect(revoked(streamed(engineFor(), [...[...trial].reverse(), later], 1))).toEqual([]);
  });

  test("was revoked in between, and is again after the next deactivation", () => {
    const calls = [event({ time: at(1, 10) + HOUR_MS / 2 }), event({ time: at(5, 9) }), event({ time: at(7, 9) })];
    const found = revoked(closed(engineFor(), byTime([...trial, ...calls, update(at(6), "Inactive")])));
    expect(found.map((f) => [f.first_seen, f.severity])).toEqual([
      [calls[0]!.time, "critical"],
      [calls[2]!.time, "critical"],
    ]);
  });

  test("is known after a restart, also as an older version stored it", () => {
    const engine = engineFor();
    engine.process(trial, { sorted: true, now: at(2) });
    const [own] = engine.takeDirty().reverse();
    const again = engineFor();
    again.load([own!]);
    expect(names(again.process([event({ time: at(5, 9) })], { sorted: true, now: at(5, 9) }))).toEqual([]);
    const old = engineFor();
    old.load([{ ...own!, state: JSON.stringify({ ...JSON.parse(own!.state), revoked: [[KEY, at(1, 10)]] }) }]);
    expect(names(old.process([event({ time: at(5, 9) })], { sorted: true, now: at(5, 9) }))).toEqual([
      "key_used_after_revocation critical",
    ]);
  });

  test("is forgotten after 400 days, so that the engine's row stays small", () => {
    const engine = engineFor();
    const deletions = Array.from({ length: 500 }, (_, i) =>
      event({
        ...admin,
        time: at(0) + i * 1000,
        operation: "DeleteAccessKey",
        resources: [`key:aws_cloudtrail:d${i}`],
      }),
    );
    const row = () => engine.takeDirty().find((r) => r.subject_uid === "~engine")!.state;
    engine.process(deletions, { sorted: true, now: at(1) });
    expect(row()).toContain("aws_cloudtrail:d499");
    engine.process([event({ time: at(402) })], { sorted: true, now: at(402) });
    expect(row()).not.toContain("aws_cloudtrail:d");
  });
});

test("revocations that follow each other count from the first, and a key keeps sixteen changes", () => {
  const book = createRevocations();
  for (const time of [30, 10, 20]) book.note({ keys: ["k"], time, enabled: false });
  expect([5, 10, 11, 40].map((time) => book.at("k", time))).toEqual([null, null, 10, 10]);
  for (let i = 0; i < 50; i++) book.note({ keys: ["k"], time: 100 + i, enabled: i % 2 === 0 });
  expect((book.state()[0]![1] as unknown[]).length).toBe(16);
});
