import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { ABROAD, at, call, daily, HOTEL, keyOf, MONDAY, office, type Record } from "./play.ts";
import { listed, one, playAll, quiet, range, type Scenario } from "./scenario.ts";

/** Office hours of Berlin over the change of the clocks on 2026-03-29: 08:00 local is 07:00, then 06:00 UTC. */
const berlin = (): Record[] =>
  range(84)
    .filter((d) => d % 7 < 5)
    .flatMap((d) => {
      const shift = at(d) >= Date.UTC(2026, 2, 29) ? 1 : 0;
      return range(8).flatMap((h) => [0, 20, 40].map((m) => call(at(d, 7 + h - shift, m), "s3:GetObject")));
    });

/** A hundred keys of one office that call twice a day; from day 28 on from somewhere else. */
const hundred = (moved: string): Record[] =>
  range(100).flatMap((k) => {
    const user = `worker-${String.fromCharCode(97 + (k % 26))}${String.fromCharCode(97 + Math.floor(k / 26))}`;
    return range(30).flatMap((d) =>
      [9, 14].map((h) => call(at(d, h, k % 50), "s3:GetObject", { user, from: d < 28 ? "203.0.113.10" : moved })),
    );
  });
const scenarios: Scenario[] = [
  {
    n: 1,
    says: "a leaked key from a new network and country that makes IAM calls is one high incident that names both",
    records: () => [
      ...office(40),
      ...["iam:ListUsers", "iam:CreateUser", "iam:CreateAccessKey"].map((o, i) =>
        call(at(37, 10, 30 + i), o, { from: ABROAD }),
      ),
    ],
    expect(played) {
      one("high", "new_source", "new_operation")(played);
      expect(played.incidents[0]!.reasons.join(" ")).toMatch(/Brazil.*CreateAccessKey|CreateAccessKey.*Brazil/s);
    },
  },
  {
    n: 2,
    says: "a build job on ephemeral addresses is quiet for 30 days",
    records: () =>
      range(30).flatMap((d) =>
        range(6).flatMap((run) => {
          const from = `2001:db8:c${((d * 131 + run * 57) % 4096).toString(16).padStart(3, "0")}::${d + 1}`;
          return range(5).map((i) =>
            call(at(d, 8 + run, 3 * i), i === 4 ? "ecr:PutImage" : "ecr:BatchGetImage", { from }),
          );
        }),
      ),
    expect: (played) => expect(played.told()).toEqual([]),
  },
  {
    n: 3,
    says: "an exit that moves inside its network owner is a risk and no incident",
    records: () => [...office(40), ...office(5, { from: "2001:db8:1::7" }, 42)],
    expect(played) {
      quiet(played);
      expect(played.told()).toContain("new_source low");
    },
  },
  {
    n: 4,
    says: "a hundred keys that move to a new exit of their network owner within the hour wake nobody",
    records: () => hundred("2001:db8:1::7"),
    expect: quiet,
  },
  {
    n: 4,
    says: "a hundred keys that move to a new network owner within the hour are one incident with members, at most medium",
    records: () => hundred(HOTEL),
    expect(played) {
      one("medium", "shared_new_source")(played);
      const [incident] = played.incidents;
      expect([incident!.key_uid, incident!.members.length]).toEqual([null, 100]);
      expect(incident!.reasons[0]).toContain("100 keys");
    },
  },
  { n: 5, says: "office hours of Berlin over a change of the clocks say nothing", records: berlin, expect: quiet },
  {
    n: 5,
    says: "the same with the zone declared leaves not even a weak signal",
    records: berlin,
    inventory: { keys: [listed("reporter", { owner: "team" })], owners: { team: { timezone: "Europe/Berlin" } } },
    expect: (played) => expect(played.told()).toEqual([]),
  },
  {
    n: 6,
    says: "calls in the repeated and around the missing hour are judged in their local hour",
    records: () => {
      const spring = Date.UTC(2026, 2, 29);
      const autumn = Date.UTC(2026, 9, 25);
      return [spring, autumn].flatMap((day, k) =>
        range(8).map((i) => call(day + i * 30 * MINUTE_MS, "s3:GetObject", { user: k === 0 ? "spring" : "autumn" })),
      );
    },
    inventory: {
      keys: ["spring", "autumn"].map((user) =>
        listed(user, { hours: { timezone: "Europe/Berlin", days: "daily", from: "01:00", to: "06:00" } }),
      ),
    },
    expect: quiet,
  },
  {
    n: 7,
    says: "a monthly and a quarterly job are never dormant",
    records: () => [
      ...range(12).flatMap((m) =>
        range(30).map((i) => call(Date.UTC(2026, m, 3, 4, i), "s3:GetObject", { user: "monthly" })),
      ),
      ...range(4).flatMap((q) =>
        range(30).map((i) => call(Date.UTC(2026, 3 * q, 5, 6, i), "s3:GetObject", { user: "quarterly" })),
      ),
    ],
    expect: quiet,
  },
  {
    n: 7,
    says: "a daily job that wakes after 45 days of silence is dormant",
    records: () => [...daily(60, 5), ...daily(1, 5, {}, 105)],
    expect: one("medium", "dormant_key_used"),
  },
  {
    n: 8,
    says: "a rotation with two hours of overlap says nothing",
    records: () => [
      ...daily(40, 9),
      ...daily(20, 9, { key: keyOf("successor") }, 40),
      call(at(40, 9, 30), "s3:GetObject"),
    ],
    inventory: {
      keys: [
        listed("reporter"),
        {
          ...listed("successor"),
          rotation: { created_at: new Date(at(40, 8)).toISOString(), replaces: "reporter", overlap: "2h" },
        },
      ],
    },
    expect: quiet,
  },
  {
    n: 8,
    says: "the old key used three days after its rotation is told",
    records: () => [
      ...daily(40, 9),
      ...daily(20, 9, { key: keyOf("successor") }, 40),
      call(at(43, 9, 30), "s3:GetObject"),
    ],
    inventory: {
      keys: [
        listed("reporter"),
        {
          ...listed("successor"),
          rotation: { created_at: new Date(at(40, 8)).toISOString(), replaces: "reporter", overlap: "2h" },
        },
      ],
    },
    expect: one("medium", "old_key_used_after_rotation"),
  },
  {
    n: 8,
    says: "the successor has the habits of the key that it replaced: it needs no learning, and a stranger is told on its second day",
    records: () => [
      ...office(40),
      ...office(1, { key: keyOf("successor") }, 42),
      call(at(43, 9), "s3:GetObject", { key: keyOf("successor"), from: ABROAD }),
    ],
    expect: one("medium", "new_source"),
  },
];

playAll(scenarios);

test("the scenarios begin on a Monday", () => {
  expect(new Date(MONDAY).getUTCDay()).toBe(1);
  expect(HOUR_MS * 24).toBe(DAY_MS);
});
