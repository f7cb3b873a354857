import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import { closed, engineFor, event, KEY, MONDAY, THIEF } from "./make.ts";

/** The key of make.ts, as an inventory declares it. */
const key = (over: object) => ({ name: "reporter", provider: "aws_cloudtrail", id: "k1", owner: "team-a", ...over });
const at = (ms: number, over: Partial<DetectEvent> = {}) => event({ time: MONDAY + ms, ...over });
const write = { operation: "PutObject", verb_class: "write" } as const;

interface Case {
  what: string;
  declared: object | null;
  events: DetectEvent[];
  /** detection -> severity; an empty object is silence. */
  says: Record<string, string>;
}

const cases: Case[] = [
  { what: "a read-only key reads", declared: { access: "read" }, events: [at(0)], says: {} },
  {
    what: "a read-only key writes as its very first call",
    declared: { access: "read" },
    events: [at(0, write)],
    says: { write_on_read_only_key: "high" },
  },
  {
    what: "a read-only key tries to write and is refused",
    declared: { access: "read" },
    events: [at(0, { ...write, outcome: "denied" })],
    says: { write_on_read_only_key: "medium" },
  },
  { what: "a writing key writes", declared: { access: "write" }, events: [at(0, write)], says: {} },
  {
    what: "the same key outside production is one step calmer",
    declared: { access: "read", environment: "staging" },
    events: [at(0, write)],
    says: { write_on_read_only_key: "medium" },
  },
  { what: "before revocation", declared: { revoked_at: "2026-06-01T10:00:00Z" }, events: [at(9 * HOUR_MS)], says: {} },
  {
    what: "a write 3 s after revocation",
    declared: { revoked_at: "2026-06-01T10:00:00Z" },
    events: [at(10 * HOUR_MS + 3_000, write)],
    says: { key_used_after_revocation: "high" },
  },
  {
    what: "a read 2 s after revocation",
    declared: { revoked_at: "2026-06-01T10:00:00Z" },
    events: [at(10 * HOUR_MS + 2_000)],
    says: { key_used_after_revocation: "informational" },
  },
  {
    what: "success an hour after revocation",
    declared: { revoked_at: "2026-06-01T10:00:00Z" },
    events: [at(11 * HOUR_MS)],
    says: { key_used_after_revocation: "critical" },
  },
  {
    what: "denied an hour after revocation tells who holds it",
    declared: { revoked_at: "2026-06-01T10:00:00Z" },
    events: [at(11 * HOUR_MS, { outcome: "unauthenticated" })],
    says: { key_used_after_revocation: "medium" },
  },
  {
    what: "the log itself says that the key was deleted",
    declared: null,
    events: [
      at(0, {
        key_uid: "aws_cloudtrail:admin",
        operation: "DeleteAccessKey",
        service: "iam",
        verb_class: "admin",
        resources: [`key:${KEY}`],
      }),
      at(2 * HOUR_MS),
    ],
    says: { key_used_after_revocation: "critical" },
  },
  {
    what: "a refused deletion revokes nothing",
    declared: null,
    events: [
      at(0, {
        key_uid: "aws_cloudtrail:admin",
        operation: "DeleteAccessKey",
        service: "iam",
        verb_class: "admin",
        outcome: "denied",
        resources: [`key:${KEY}`],
      }),
      at(2 * HOUR_MS),
    ],
    says: {},
  },
  {
    what: "use after the declared end",
    declared: { expires_at: "2026-05-31" },
    events: [at(0)],
    says: { key_used_after_expiry: "high" },
  },
  {
    what: "inside declared hours",
    declared: { hours: { timezone: "Europe/Berlin", days: "mon-fri", from: "07:00", to: "20:00" } },
    events: [at(6 * HOUR_MS)],
    says: {},
  },
  {
    what: "03:00 in Berlin is outside",
    declared: { hours: { timezone: "Europe/Berlin", days: "mon-fri", from: "07:00", to: "20:00" } },
    events: [at(HOUR_MS)],
    says: { outside_declared_hours: "medium" },
  },
  {
    what: "hours over midnight belong to the day on which they began",
    declared: { hours: { timezone: "UTC", days: "mon", from: "22:00", to: "06:00" } },
    events: [at(DAY_MS + 3 * HOUR_MS), at(23 * HOUR_MS)],
    says: {},
  },
  {
    what: "the morning before them does not",
    declared: { hours: { timezone: "UTC", days: "mon", from: "22:00", to: "06:00" } },
    events: [at(3 * HOUR_MS)],
    says: { outside_declared_hours: "medium" },
  },
  {
    what: "the missing and the repeated hour of Berlin's summer time",
    declared: { hours: { timezone: "Europe/Berlin", days: "daily", from: "02:00", to: "03:00" } },
    events: [event({ time: Date.UTC(2026, 9, 25, 0, 30) }), event({ time: Date.UTC(2026, 9, 25, 1, 30) })],
    says: {},
  },
  { what: "inside allowed networks", declared: { allowed_networks: ["203.0.113.0/24"] }, events: [at(0)], says: {} },
  {
    what: "outside allowed networks",
    declared: { allowed_networks: ["203.0.113.0/24"] },
    events: [at(0, THIEF)],
    says: { outside_allowed_network: "high" },
  },
  {
    what: "a service address has no network to judge",
    declared: { allowed_networks: ["203.0.113.0/24"] },
    events: [at(0, { src_kind: "service", src_ip: "ec2.amazonaws.com" })],
    says: {},
  },
  {
    what: "outside allowed countries",
    declared: { allowed_countries: ["DE"] },
    events: [at(0, THIEF)],
    says: { outside_allowed_country: "high" },
  },
  {
    what: "a honeytoken, even outside production",
    declared: { honeytoken: true, environment: "staging" },
    events: [at(0)],
    says: { honeytoken_used: "critical" },
  },
  {
    what: "a secret in the log, of a key nobody declared",
    declared: null,
    events: [at(0, { secrets: ["stripe_secret_key@requestParameters.env"] })],
    says: { secret_in_log: "high" },
  },
  {
    what: "the session token that AWS itself logs",
    declared: null,
    events: [at(0, { secrets: ["session_token@responseElements.credentials.sessionToken"] })],
    says: {},
  },
];

describe("policies", () => {
  test.each(cases.map((c) => [c.what, c] as const))("%s", (_, { declared, events, says }) => {
    const found = closed(engineFor(declared === null ? [] : [key(declared)]), events);
    expect(Object.fromEntries(found.map((f) => [f.detection, f.severity]))).toEqual(says);
    for (const f of found) {
      expect(f.reasons.length).toBeGreaterThan(0);
      expect(f.runbook.join(" ")).not.toMatch(/\{\w+\}/);
    }
  });

  test("an inventory that lists all keys makes an unlisted one a finding, and only then", () => {
    const stranger = () => [at(0, { key_uid: "aws_cloudtrail:stranger" })];
    expect(closed(engineFor([key({})]), stranger())).toEqual([]);
    const [found] = closed(engineFor([key({})], {}, { complete: ["aws_cloudtrail"] }), stranger());
    expect([found?.detection, found?.severity]).toEqual(["unknown_key", "medium"]);
    expect(closed(engineFor([key({})], {}, { complete: ["aws_cloudtrail"] }), [at(0)])).toEqual([]);
  });
});
