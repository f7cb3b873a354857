import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { profileFrom, profileText } from "../../detect/profile.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { closed, engineFor, event, KEY, MONDAY, names, officeDays, streamed, THIEF } from "./make.ts";

const at = (day: number, hour: number, minute = 0) => MONDAY + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;

/** In the middle of a half hour in which the office works. */
const REFRESH = at(36, 10, 5);
/** What the new data say of the network that was the office's: another owner, another country, another continent. */
const OPINION = {
  asn: 64777,
  as_org: "Renamed",
  country: "US",
  city: "Ashburn",
  lat: 39.04,
  lon: -77.49,
  hosting: false,
};
const refreshed = (events: DetectEvent[], of: (e: DetectEvent) => boolean = (e) => e.country === "DE") =>
  events.map((e) => (e.time >= REFRESH && of(e) ? { ...e, ...OPINION } : e));

const net = (n: number): Partial<DetectEvent> => ({ src_ip: `2001:db8:${n}::1`, src_net: `2001:db8:${n}::/48` });
const workload: Partial<DetectEvent> = {
  ...{ key_type: "temporary", key_uid: "aws_cloudtrail:t1", session_uid: "s1", session_kind: "instance" },
  subject_uid: "role",
};
const byHand: Partial<DetectEvent> = { user_agent_family: "aws-cli" };
const declared = [{ name: "reporter", provider: "aws_cloudtrail", id: "k1", allowed_countries: ["DE"] }];
/** A NAT of an internet company: two networks at a time, and on odd days (or with `shift`, on even ones) a new one. */
const pool = (shift: number) => [
  ...officeDays(50, net(1)),
  ...[...Array(50).keys()].flatMap((d) =>
    [5, 9].map((m) => event({ time: at(d, 10, m), ...net(10 + ((d + 1 - shift) >> 1)) })),
  ),
];

const told = (findings: Finding[]) =>
  findings.map((f) => `${f.detection} ${f.severity} ${f.dimension} ${f.bucket}`).sort();

describe("a refresh of the address data makes no finding", () => {
  test.each<[string, DetectEvent[], object[]?]>([
    ["for a program in its office", officeDays(60)],
    ["for a person in their office, whose hours would be others elsewhere", officeDays(60, byHand)],
    ["for a key with allowed countries", officeDays(60), declared],
    [
      "for a new address in a known network",
      [...officeDays(60), event({ time: at(37, 10, 2), src_ip: "203.0.113.77" })],
    ],
    [
      "for desk and home, in the same half hour",
      [...officeDays(60), ...[30, 31, 32, 36, 37].map((d) => event({ time: at(d, 10, 3), ...net(9) }))],
    ],
    ["for a pool of networks that brings new ones on other days", pool(0)],
    ["for the session of a machine in a known network", officeDays(60, workload)],
    [
      "for the session of a machine in a network of this day",
      [8, 9, 10, 11].flatMap((h) => [0, 3, 6].map((m) => event({ time: at(36, h, m), ...workload, ...net(7) }))),
    ],
  ])("%s", (_, events, keys = []) => {
    expect(told(closed(engineFor(keys), refreshed(events)))).toEqual(told(closed(engineFor(keys), events)));
  });

  test("whatever the order and size of batches, and over a restart", () => {
    const events = refreshed(officeDays(60), () => true);
    for (const batch of [1, 17, 1000]) expect(names(streamed(engineFor(declared), events, batch))).toEqual([]);
    const engine = engineFor();
    closed(engine, events);
    const profile = engine.profile(KEY)!;
    expect(new Map(profile.sealed.nets)).toEqual(
      new Map([["203.0.113.0/24", { asn: 64500, country: "DE", lat: 52.52, lon: 13.405 }]]),
    );
    expect(profileFrom(profileText(profile)).sealed.nets).toEqual(profile.sealed.nets);
  });
});

describe("after a refresh", () => {
  test("a network that is new on its very day is judged by the new data, and nothing is held against them later", () => {
    const days = (findings: Finding[]) => new Set(findings.map((f) => Math.floor((f.first_seen - MONDAY) / DAY_MS)));
    const without = told(closed(engineFor(), pool(1)));
    const more = closed(engineFor(), refreshed(pool(1))).filter((f) => !without.includes(told([f])[0]!));
    expect(days(more)).toEqual(new Set([36]));
  });

  const found = (more: DetectEvent[], keys: object[] = []) =>
    closed(engineFor(keys), [...refreshed(officeDays(60)), ...more]).map((f) => f.detection);

  test("a thief is found as before, and in the country that the new data name for the office too", () => {
    const elsewhere = event({ time: at(44, 10, 8), ...THIEF });
    expect(found([elsewhere])).toEqual(closed(engineFor(), [...officeDays(60), elsewhere]).map((f) => f.detection));
    expect(found([{ ...elsewhere, country: "US" }])).toContain("new_source");
  });

  test("allowed countries hold for every network that the key did not use before", () => {
    expect(found([event({ time: at(44, 10, 8), ...net(9), country: "US" })], declared)).toContain(
      "outside_allowed_country",
    );
  });

  test("a network that was outside the allowed countries stays outside", () => {
    const days = [40, 41, 42].map((d) => event({ time: at(d, 10, 8), ...net(9), country: "US" }));
    const found = closed(engineFor(declared), [...officeDays(60), ...days]);
    expect(found.filter((f) => f.detection === "outside_allowed_country")).toHaveLength(3);
  });
});
