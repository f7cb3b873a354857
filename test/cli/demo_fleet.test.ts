import { describe, expect, test } from "vitest";
import { demoCompromises } from "../../cli/demo/compromises.ts";
import { DEMO_HISTORY_DAYS, demoFleet } from "../../cli/demo/fleet.ts";
import { generateHistory, timedHistory, utcOf } from "../../cli/demo/history.ts";
import { demoInventory } from "../../cli/demo/inventory.ts";
import { type Played, playLive } from "../../cli/demo/live.ts";
import { places } from "../../cli/demo/places.ts";
import { createRandom } from "../../cli/demo/random.ts";
import { type CloudTrailRecord, keyIdAt } from "../../cli/demo/record.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { inventory } from "../../schemas/inventory.ts";
import { NetworkSet } from "../../schemas/network.ts";
import { localTime } from "../../schemas/zone.ts";

// Three weeks after Berlin leaves summer time, two after New York does.
const END = Date.parse("2026-11-15T11:23:45Z");
const SEED = 42;
const fleet = demoFleet(SEED, END);
const history = [...timedHistory({ fleet, seed: SEED, from: END - DEMO_HISTORY_DAYS * DAY_MS, to: END })];

const identity = (r: CloudTrailRecord) =>
  r.userIdentity as {
    type: string;
    accessKeyId?: string;
    userName?: string;
    sessionContext?: { sessionIssuer: { userName: string } };
  };
const holder = (r: CloudTrailRecord) => identity(r).userName ?? identity(r).sessionContext?.sessionIssuer.userName;
const of = (name: string) => history.filter(({ record }) => holder(record) === name);

describe("random", () => {
  test("the same seed gives the same draws, another seed others", () => {
    const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed, "x").next);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("uniform, normal, Poisson and weighted draws have the moments they claim", () => {
    const r = createRandom("moments");
    const mean = (draw: () => number) => Array.from({ length: 20_000 }, draw).reduce((a, b) => a + b) / 20_000;
    expect(mean(r.next)).toBeCloseTo(0.5, 1);
    expect(mean(() => r.normal(3, 2))).toBeCloseTo(3, 1);
    expect(mean(() => r.poisson(4))).toBeCloseTo(4, 0);
    expect(mean(() => r.poisson(100)) / 100).toBeCloseTo(1, 1);
    expect(mean(() => (r.weighted({ a: 3, b: 1 }) === "a" ? 1 : 0))).toBeCloseTo(0.75, 1);
    expect(r.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("history", () => {
  test("holds 30,000 to 60,000 records in order of event time, each with its own id", () => {
    expect(history.length).toBeGreaterThan(30_000);
    expect(history.length).toBeLessThan(60_000);
    for (let i = 1; i < history.length; i++) expect(history[i]!.time >= history[i - 1]!.time).toBe(true);
    expect(new Set(history.map(({ record }) => record.eventID)).size).toBe(history.length);
  });

  test("is the same for the same seed, whatever the span asked for, and another for another seed", () => {
    const span = { from: END - 3 * DAY_MS - 5000, to: END - 2 * DAY_MS };
    const part = history.filter(({ time }) => time >= span.from && time < span.to).map(({ record }) => record);
    expect(part.length).toBeGreaterThan(100);
    expect([...generateHistory({ fleet, seed: SEED, ...span })]).toEqual(part);
    const other = [...generateHistory({ fleet: demoFleet(7, END), seed: 7, ...span })];
    expect(other[0]?.eventID).not.toBe(part[0]?.eventID);
  });

  test("every record has what a CloudTrail reader expects", () => {
    for (const { time, record } of history) {
      if (Date.parse(record.eventTime) !== time) expect.fail(`${record.eventTime} is not ${time}`);
      const text = JSON.stringify(record);
      if (JSON.stringify(JSON.parse(text)) !== text) expect.fail("does not survive JSON");
    }
    for (const { record } of history.filter((_, i) => i % 97 === 0)) {
      expect(record).toMatchObject({
        eventVersion: expect.stringMatching(/^1\.(09|11)$/),
        userIdentity: { type: expect.stringMatching(/^(IAMUser|AssumedRole|AWSService)$/) },
        eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        eventSource: expect.stringMatching(/^[a-z0-9]+\.amazonaws\.com$/),
        eventName: expect.stringMatching(/^[A-Z]/),
        awsRegion: expect.any(String),
        sourceIPAddress: expect.any(String),
        userAgent: expect.any(String),
        requestID: expect.any(String),
        eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
        readOnly: expect.any(Boolean),
        managementEvent: expect.any(Boolean),
        eventType: "AwsApiCall",
        recipientAccountId: expect.stringMatching(/^\d{12}$/),
        eventCategory: expect.stringMatching(/^(Data|Management)$/),
      });
    }
  });

  test("every agent calls from its declared networks, only reads where it is declared to, and uses one key at a time", () => {
    for (const agent of fleet.agents) {
      const networks = new NetworkSet(agent.networks);
      const calls = of(agent.name);
      expect(calls.length, agent.name).toBeGreaterThan(100);
      for (const { time, record } of calls) {
        if (!record.vpcEndpointId && !networks.has(String(record.sourceIPAddress))) {
          expect.fail(`${agent.name} from ${String(record.sourceIPAddress)}`);
        }
        if (identity(record).accessKeyId !== keyIdAt(agent, SEED, time)) expect.fail(`${agent.name} with another key`);
      }
      expect(calls.every(({ record }) => record.readOnly === true)).toBe(agent.access === "read");
    }
  });

  test("the Berlin bot stays inside 08-18 local, Monday to Friday, across the end of summer time", () => {
    const change = Date.parse("2026-10-25T01:00:00Z");
    const calls = of("billing-report-bot");
    for (const { time } of calls) {
      const { day, hour } = localTime("Europe/Berlin", time);
      if (day > 4 || hour < 8 || hour >= 18) expect.fail(new Date(time).toISOString());
    }
    const utcHours = (from: number, to: number) =>
      new Set(calls.filter(({ time }) => time >= from && time < to).map(({ time }) => new Date(time).getUTCHours()));
    expect(utcHours(change - 21 * DAY_MS, change)).toEqual(new Set([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
    expect(utcHours(change, change + 21 * DAY_MS)).toEqual(new Set([7, 8, 9, 10, 11, 12, 13, 14, 15, 16]));
  });

  test("a wall clock that summer time skips or repeats still names one moment", () => {
    expect(utcOf("Europe/Berlin", Date.UTC(2026, 6, 1, 8))).toBe(Date.UTC(2026, 6, 1, 6));
    expect(utcOf("Europe/Berlin", Date.UTC(2026, 9, 25, 3, 10))).toBe(Date.UTC(2026, 9, 25, 2, 10));
    expect(utcOf("Europe/Berlin", Date.UTC(2026, 2, 29, 3, 10))).toBe(Date.UTC(2026, 2, 29, 1, 10));
  });

  test("each rhythm is the declared one", () => {
    const minutes = of("backup-cron").map(({ time }) => localTime("UTC", time).minuteOfDay);
    expect(Math.min(...minutes)).toBe(120);
    expect(Math.max(...minutes)).toBe(139);
    expect(new Set(of("finance-dashboard").map(({ time }) => Math.floor(time / HOUR_MS))).size).toBe(90 * 24);
    for (const { time } of of("finance-dashboard")) expect(time % HOUR_MS).toBeLessThan(10 * MINUTE_MS);
    for (const { time } of of("monthly-invoices")) expect(new Date(time).getUTCDate()).toBe(1);
    const runners = new Set(of("ci-deploy").map(({ record }) => String(record.sourceIPAddress).split("::")[0]));
    expect(runners.size).toBeGreaterThan(300);
    expect(new Set(of("web-app").map(({ record }) => identity(record).accessKeyId)).size).toBeGreaterThan(350);
    expect(of("web-app").some(({ record }) => record.sourceIPAddress === "10.0.12.34" && record.vpcEndpointId)).toBe(
      true,
    );
    const sydney = of("auditor").map(({ time }) => localTime("Australia/Sydney", time));
    expect(sydney.every(({ day, hour }) => day < 5 && hour >= 9 && hour < 17)).toBe(true);
  });

  test("alice is in London twice; the dormant and the revoked key fell silent when they say", () => {
    const london = new NetworkSet(["2001:db8:200::/48"]);
    const abroad = of("alice").filter(({ record }) => london.has(String(record.sourceIPAddress)));
    const stays = abroad.filter(({ time }, i) => i === 0 || time - abroad[i - 1]!.time > 10 * DAY_MS);
    expect(stays.length).toBe(2);
    const silence = END - of("legacy-import").at(-1)!.time;
    expect(silence).toBeGreaterThan(60 * DAY_MS);
    expect(silence).toBeLessThan(62 * DAY_MS);
    expect(END - of("old-ci").at(-1)!.time).toBeGreaterThan(20 * DAY_MS);
  });
});

test("every address stands in a place, and no two places share a network that profiles learn", () => {
  const known = new NetworkSet([...places.map((p) => p.cidr), "10.0.12.34"]);
  const live = take(60_000).map((p) => p.record);
  for (const record of [...history.map((h) => h.record), ...live]) {
    const source = String(record.sourceIPAddress);
    if (source !== "ec2.amazonaws.com" && !known.has(source)) expect.fail(source);
  }
  expect(new Set(places.map((p) => p.cidr)).size).toBe(places.length);
  expect(places.every((p) => p.asn >= 64496 && p.asn <= 64511)).toBe(true);
});

describe("compromises", () => {
  const compromises = demoCompromises(fleet, SEED);

  test("each names its key, and each of its records carries that key", () => {
    for (const { key, records, startsAtMs } of compromises) {
      const agent = fleet.agents.find((a) => a.name === key)!;
      const made = records(END + startsAtMs);
      expect(made.length).toBeGreaterThan(0);
      for (const record of made) {
        expect(identity(record).accessKeyId).toBe(keyIdAt(agent, SEED, Date.parse(record.eventTime)));
        expect(record.recipientAccountId).toBe(agent.account);
      }
    }
  });

  test("every one is noticed: its event times are recent, whatever the hour it is played", () => {
    for (let hour = 0; hour < 48; hour++) {
      // Two days that hold the end of Berlin's summer time.
      const now = Date.parse("2026-10-24T12:00:30Z") + hour * HOUR_MS;
      for (const { id, records } of compromises) {
        for (const { eventTime } of records(now)) {
          const age = now - Date.parse(eventTime);
          expect(age, `${id} at ${hour}`).toBeLessThan(24 * HOUR_MS);
          expect(age, `${id} at ${hour}`).toBeGreaterThan(-10_000);
        }
        if (id === "off-hours-write") {
          expect([2, 3]).toContain(localTime("Europe/Berlin", Date.parse(records(now)[0]!.eventTime)).hour);
        }
      }
    }
  });

  test("the attacks are what their titles say", () => {
    const made = (id: string) => compromises.find((c) => c.id === id)!.records(END);
    const denied = made("denied-enumeration");
    expect(new Set(denied.map((r) => `${r.eventSource} ${r.eventName}`)).size).toBeGreaterThanOrEqual(30);
    expect(denied.every((r) => /AccessDenied|UnauthorizedOperation/.test(String(r.errorCode)))).toBe(true);
    expect(made("read-key-writes").every((r) => r.readOnly === false && r.errorCode === undefined)).toBe(true);
    expect(JSON.stringify(made("secret-in-log"))).toMatch(/"sk_live_[A-Za-z0-9]{32}"/);
    expect(made("revoked-key").every((r) => r.errorCode === undefined)).toBe(true);
    const stolen = made("stolen-instance-credentials");
    expect(stolen.every((r) => r.vpcEndpointId === undefined && identity(r).type === "AssumedRole")).toBe(true);
    const usual = new Set(of("alice").map(({ record }) => record.eventName));
    expect(made("leaked-key").filter((r) => usual.has(r.eventName))).toEqual([]);
  });
});

function take(untilMs: number): Played[] {
  const out: Played[] = [];
  for (const played of playLive({ fleet, seed: SEED, start: END })) {
    if (played.atMs > untilMs) break;
    out.push(played);
  }
  return out;
}

test("live play is in order, plays every compromise within 20 s among normal traffic, and goes on after", () => {
  const played = take(HOUR_MS);
  for (let i = 1; i < played.length; i++) expect(played[i]!.atMs).toBeGreaterThanOrEqual(played[i - 1]!.atMs);
  const early = played.filter((p) => p.atMs <= 20_000);
  expect(new Set(early.flatMap((p) => p.compromise ?? []))).toEqual(
    new Set(demoCompromises(fleet, SEED).map((c) => c.id)),
  );
  expect(early.filter((p) => !p.compromise).length).toBeGreaterThan(3);
  expect(played.some((p) => p.atMs > 10 * MINUTE_MS)).toBe(true);
  for (const { atMs, record, compromise } of played) {
    if (compromise !== "off-hours-write") {
      expect(Math.abs(Date.parse(record.eventTime) - END - atMs)).toBeLessThanOrEqual(1000);
    }
  }
  expect(take(30_000)).toEqual(take(30_000));
});

test("the inventory is valid, agrees with the fleet, and leaves some keys out", () => {
  const parsed = inventory.parse(demoInventory(fleet));
  for (const key of parsed.keys) {
    const agent = fleet.agents.find((a) => a.name === key.name)!;
    if (key.access) expect(key.access).toBe(agent.access);
    expect([key.owner, key.environment]).toEqual([agent.owner, agent.environment]);
  }
  expect(parsed.keys.length).toBeLessThan(fleet.agents.length);
  const byName = Object.fromEntries(parsed.keys.map((key) => [key.name, key]));
  expect(byName["finance-dashboard"]?.access).toBe("read");
  expect(byName["old-ci"]?.revoked_at).toBe(END - 20 * DAY_MS);
  expect(byName["billing-report-bot"]?.hours).toMatchObject({ timezone: "Europe/Berlin", from: 420, to: 1200 });
});
