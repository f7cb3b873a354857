import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { closed, engineFor, event, MONDAY, officeDays, THIEF } from "./make.ts";

/** Case is a history, what happens after it, and what one detection says of it. */
interface Case {
  detection: string;
  says: string;
  given: DetectEvent[];
  when: DetectEvent[];
  levels: string[];
}

const at = (day: number, hour: number, minute = 0) => MONDAY + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;
const burst = (n: number, time: number, over: Partial<DetectEvent> = {}) =>
  Array.from({ length: n }, (_, i) => event({ time: time + i * 4_000, ...over }));
const home: Partial<DetectEvent> = { src_ip: "2001:db8:5::1", src_net: "2001:db8:5::/48", asn: 64520, as_org: "Home" };
const hotel: Partial<DetectEvent> = { ...THIEF, country: "PT", asn: 64541, as_org: "Hotel", hosting: false };
const byHand: Partial<DetectEvent> = { user_agent_family: "aws-cli" };
const released: Partial<DetectEvent> = { user_agent: "Boto3/1.41.0" };
const rewritten: Partial<DetectEvent> = { user_agent: "aws-sdk-rust/1.3.7", user_agent_family: "aws-sdk-rust" };
const secret: Partial<DetectEvent> = { service: "secretsmanager", operation: "GetSecretValue" };
/** A key of the account that works at the place of THIEF every day. */
const inHouse = (key: string): DetectEvent[] =>
  officeDays(40, { ...THIEF, key_uid: key, subject_uid: key, principal_uid: key });
const admin = (operation: string, time: number) => event({ time, operation, service: "iam", verb_class: "admin" });

const cases: Case[] = [
  {
    detection: "call_volume_spike",
    says: "two hundred calls in a quarter of an hour by a key that makes three",
    given: officeDays(40),
    when: burst(200, at(37, 10)),
    levels: ["medium"],
  },
  {
    detection: "call_volume_spike",
    says: "a key that is that busy now and then",
    given: [...officeDays(40), ...[2, 9, 16, 23, 30].flatMap((d) => burst(180, at(d, 12)))],
    when: burst(200, at(37, 12)),
    levels: [],
  },
  {
    detection: "call_volume_spike",
    says: "calls that fail because the provider is down",
    given: officeDays(40),
    when: burst(200, at(37, 10), { outcome: "error" }),
    levels: [],
  },
  {
    detection: "concurrent_use",
    says: "a stranger's network in the middle of the office's calls",
    given: officeDays(40),
    when: [event({ time: at(37, 10, 3), ...THIEF })],
    levels: ["high"],
  },
  {
    detection: "concurrent_use",
    says: "a job that moves within the half hour and stays there",
    given: officeDays(38),
    when: [event({ time: at(38, 10, 1) }), ...[10, 14, 20].map((m) => event({ time: at(38, 10, m), ...THIEF }))],
    levels: [],
  },
  {
    detection: "concurrent_use",
    says: "desk and home, both known, within the half hour",
    given: [...officeDays(40), ...[0, 1, 2, 3, 4].map((d) => event({ time: at(d, 20), ...home }))],
    when: [event({ time: at(37, 10, 3), ...home })],
    levels: [],
  },
  {
    detection: "new_source",
    says: "a program in another country",
    given: officeDays(40),
    when: [event({ time: at(42, 10), ...hotel })],
    levels: ["medium"],
  },
  {
    detection: "new_source",
    says: "a person in another country, with the usual operations",
    given: officeDays(40, byHand),
    when: [event({ time: at(42, 10), ...byHand, ...hotel })],
    levels: ["low"],
  },
  {
    detection: "new_source",
    says: "a person on a rented machine in another country",
    given: officeDays(40, byHand),
    when: [event({ time: at(42, 10), ...byHand, ...THIEF })],
    levels: ["medium"],
  },
  {
    detection: "new_source",
    says: "one more address of a pool that gets a new one every other day",
    given: Array.from({ length: 40 }, (_, d) =>
      [0, 1, 2].map((slot) => {
        const n = Math.floor((d + slot) / 6) * 3 + slot;
        return event({
          time: at(d, 9, slot),
          src_ip: `2001:db8:${(0xa00 + n).toString(16)}::1`,
          src_net: `2001:db8:${(0xa00 + n).toString(16)}::/48`,
        });
      }),
    ).flat(),
    when: [event({ time: at(40, 9), src_ip: "2001:db8:aff::1", src_net: "2001:db8:aff::/48" })],
    levels: [],
  },
  {
    detection: "new_source",
    says: "a program at a place where three other keys of its account work: the organisation is at home there",
    given: [...officeDays(40), ...["one", "two", "three"].flatMap(inHouse)],
    when: [event({ time: at(42, 10), ...THIEF })],
    levels: ["low"],
  },
  {
    detection: "new_source",
    says: "the same where two do",
    given: [...officeDays(40), ...["one", "two"].flatMap(inHouse)],
    when: [event({ time: at(42, 10), ...THIEF })],
    levels: ["medium"],
  },
  {
    detection: "new_source",
    says: "the same where the three are keys of another account",
    given: [
      ...officeDays(40),
      ...["one", "two", "three"].flatMap(inHouse).map((e) => ({ ...e, account: "444455556666" })),
    ],
    when: [event({ time: at(42, 10), ...THIEF })],
    levels: ["medium"],
  },
  {
    detection: "new_operation",
    says: "a first secret is read",
    given: officeDays(40),
    when: [event({ time: at(37, 10, 9), ...secret })],
    levels: ["medium"],
  },
  {
    detection: "new_operation",
    says: "a first secret is read by the next version of the program",
    given: officeDays(40),
    when: [event({ time: at(37, 10, 9), ...released, ...secret })],
    levels: ["low"],
  },
  {
    detection: "new_operation",
    says: "the same on the third day of the version",
    given: [...officeDays(37), ...officeDays(2, released, 3, at(37, 0))],
    when: [event({ time: at(39, 10, 9), ...released, ...secret })],
    levels: ["low"],
  },
  {
    detection: "new_operation",
    says: "the same on its sixth day",
    given: [...officeDays(37), ...officeDays(5, released, 3, at(37, 0))],
    when: [event({ time: at(42, 10, 9), ...released, ...secret })],
    levels: ["medium"],
  },
  {
    detection: "new_operation",
    says: "a first secret is read by another version, and the usual one goes on beside it",
    given: officeDays(40),
    when: [
      event({ time: at(37, 10, 9), ...released, ...secret }),
      event({ time: at(37, 10, 30) }),
      event({ time: at(37, 10, 31), ...released, ...secret }),
    ],
    levels: ["medium"],
  },
  {
    detection: "new_operation",
    says: "a first secret is read by a program that was rewritten, on its fourth day",
    given: [...officeDays(35), ...officeDays(3, rewritten, 3, at(35, 0))],
    when: [event({ time: at(38, 10, 9), ...rewritten, ...secret })],
    levels: ["low"],
  },
  {
    detection: "new_operation",
    says: "the same on its first day",
    given: officeDays(35),
    when: [event({ time: at(35, 10, 9), ...rewritten, ...secret })],
    levels: ["medium"],
  },
  {
    detection: "new_operation",
    says: "a first secret is read by another version elsewhere",
    given: officeDays(40),
    when: [event({ time: at(42, 10, 9), ...released, ...secret, ...THIEF })],
    levels: ["medium"],
  },
  {
    detection: "new_operation",
    says: "the next version of the program makes a key",
    given: officeDays(40),
    when: [{ ...admin("CreateAccessKey", at(37, 10, 9)), ...released }],
    levels: ["high"],
  },
  {
    detection: "new_operation",
    says: "who makes keys deletes one",
    given: [...officeDays(40), ...Array.from({ length: 25 }, (_, d) => admin("CreateAccessKey", at(d, 9, 9)))],
    when: [admin("DeleteAccessKey", at(37, 10, 9))],
    levels: ["low"],
  },
  {
    detection: "new_operation",
    says: "who deletes keys makes one",
    given: [...officeDays(40), ...Array.from({ length: 25 }, (_, d) => admin("DeleteAccessKey", at(d, 9, 9)))],
    when: [admin("CreateAccessKey", at(37, 10, 9))],
    levels: ["high"],
  },
  {
    detection: "off_hours",
    says: "an administrator deletes a key for the first time at an odd hour",
    given: [
      ...officeDays(40),
      ...Array.from({ length: 100 }, (_, i) => admin("CreateAccessKey", at(i >> 2, 9, i % 4))),
    ],
    when: [admin("DeleteAccessKey", at(37, 19))],
    levels: ["low"],
  },
  {
    detection: "new_operation",
    says: "a key for reports makes a key",
    given: officeDays(40),
    when: [admin("CreateAccessKey", at(37, 10, 9))],
    levels: ["high"],
  },
  {
    detection: "new_operation",
    says: "an administrator does one more thing of a kind that is done anyway",
    given: [...officeDays(40), ...Array.from({ length: 25 }, (_, d) => admin("AttachRolePolicy", at(d, 9, 9)))],
    when: [admin("PutUserPolicy", at(37, 10, 9))],
    levels: ["low"],
  },
  {
    detection: "first_write",
    says: "a writing call after forty days of reads",
    given: officeDays(40),
    when: [event({ time: at(37, 10, 9), operation: "PutObject", verb_class: "write" })],
    levels: ["medium"],
  },
  {
    detection: "first_write",
    says: "the next version of the program begins to write",
    given: officeDays(40),
    when: [event({ time: at(37, 10, 9), ...released, operation: "PutObject", verb_class: "write" })],
    levels: ["informational"],
  },
  {
    detection: "first_write",
    says: "a weekly job that has shown five days of its life",
    given: [0, 7, 14, 21, 28].flatMap((d) => burst(60, at(d, 5))),
    when: [event({ time: at(35, 5), operation: "PutObject", verb_class: "write" })],
    levels: [],
  },
];

describe("baselines", () => {
  test.each(cases.map((c) => [c.detection, c.says, c] as const))("%s: %s", (detection, _says, c) => {
    const uids = new Set(c.when.map((e) => e.event_uid));
    const found = closed(engineFor(), [...c.given, ...c.when]).filter(
      (f) => f.detection === detection && f.event_uids.some((uid) => uids.has(uid)),
    );
    expect(found.map((f) => f.severity)).toEqual(c.levels);
    for (const f of found) expect(f.reasons.join(" ")).not.toMatch(/NaN|undefined|Infinity/);
  });
});
