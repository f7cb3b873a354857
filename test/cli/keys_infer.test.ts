import { describe, expect, test } from "vitest";
import { proposeAccess } from "../../cli/keys/access.ts";
import { bars } from "../../cli/keys/bars.ts";
import { proposeHours } from "../../cli/keys/hours.ts";
import { rotationHint, uniqueNames } from "../../cli/keys/names.ts";
import { proposeCountries, proposeNetworks } from "../../cli/keys/networks.ts";
import type { Observed } from "../../cli/keys/observed.ts";
import { coverOf, foldCrowded, joinSiblings, type Prefix, parsePrefix, prefixText } from "../../cli/keys/prefix.ts";
import { dayWindow } from "../../cli/keys/window.ts";
import { zoneCountries, zonesOf } from "../../cli/keys/zones.ts";
import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import type { CountryRow, SourceRow, SubjectRow } from "../../schemas/queries/keys.ts";
import { isZone, offsetMs } from "../../schemas/zone.ts";

const MONDAY = Date.parse("2026-06-01T00:00:00Z");

const subject = (facts: Partial<SubjectRow>): SubjectRow => ({
  subject_uid: "p:k",
  provider: "p",
  account: null,
  principal_uid: "u",
  principal_uids: ["u"],
  principals: ["u"],
  principal_type: "unknown",
  key_uid: "p:k",
  key_hint: "k…1",
  key_type: "long_lived",
  environment: null,
  first_ms: MONDAY,
  last_ms: MONDAY + 60 * DAY_MS,
  events: 1000,
  events_30d: 0,
  active_days: 60,
  reads: 0,
  writes: 0,
  admins: 0,
  auths: 0,
  unknowns: 0,
  write_days: 0,
  admin_days: 0,
  last_write_ms: MONDAY,
  failures: 0,
  denied: 0,
  networks: 1,
  countries: 1,
  ...facts,
});
const source = (src_net: string, facts: Partial<SourceRow> = {}): SourceRow => ({
  subject_uid: "p:k",
  src_kind: "ip",
  src_net,
  asn: 64500,
  as_org: "Example",
  country: "DE",
  hosting: false,
  events: 100,
  days: 30,
  ...facts,
});
const observed = (facts: Partial<Observed>): Observed => ({
  subject: subject({}),
  sources: [],
  countries: [],
  ...facts,
});

/** Slots of work between two local hours on some days of the week (Monday 0), days counted from MONDAY. */
function work(
  zone: string,
  from: number,
  hours: number,
  days: number,
  week = [0, 1, 2, 3, 4],
  start = MONDAY,
): number[] {
  const slots: number[] = [];
  for (let d = 0; d < days; d++) {
    if (!week.includes(d % 7)) continue;
    for (let q = 0; q < hours * 4; q++) {
      const local = start + d * DAY_MS + from * HOUR_MS + q * 900_000;
      slots.push(Math.floor((local - offsetMs(zone, local - offsetMs(zone, local))) / 900_000));
    }
  }
  return slots;
}
const country = (code: string, slots: number[], facts: Partial<CountryRow> = {}): CountryRow => ({
  subject_uid: "p:k",
  country: code,
  city: null,
  lon: null,
  events: slots.length,
  hosted: 0,
  days: new Set(slots.map((s) => Math.floor(s / 96))).size,
  slots,
  ...facts,
});
const hoursOf = (...countries: CountryRow[]) => proposeHours(observed({ countries }));

describe("prefixes", () => {
  const parse = (list: string[]) => list.map((c) => parsePrefix(c)!);
  const texts = (list: Prefix[]) => list.map(prefixText);

  test.each([
    "203.0.113.0/24",
    "0.0.0.0/0",
    "255.255.255.255/32",
    "2001:db8::/32",
    "::/0",
    "2001:db8:0:1::/64",
    "2001:db8:c000::/36",
    "1:0:0:2::/64",
  ])("%s reads back as it was written", (cidr) => {
    expect(prefixText(parsePrefix(cidr)!)).toBe(cidr);
  });
  test.each(["", "x", "1.2.3/8", "1.2.3.4/33", "::/129", "1.2.3.4/-1"])("%j is no network", (text) => {
    expect(parsePrefix(text)).toBeNull();
  });
  test("siblings join and nothing is added", () => {
    expect(texts(joinSiblings(parse(["198.51.100.0/24", "198.51.101.0/24"])))).toEqual(["198.51.100.0/23"]);
    expect(texts(joinSiblings(parse(["198.51.101.0/24", "198.51.102.0/24"])))).toEqual([
      "198.51.101.0/24",
      "198.51.102.0/24",
    ]);
    expect(texts(joinSiblings(parse([0, 1, 2, 3].map((i) => `198.51.${100 + i}.0/24`))))).toEqual(["198.51.100.0/22"]);
    expect(texts(joinSiblings(parse(["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/48"])))).toEqual([
      "10.0.0.0/8",
      "2001:db8::/48",
    ]);
  });
  test("a crowd is covered by the smallest network, halved where that were too wide, and loners stay", () => {
    expect(prefixText(coverOf(parse(["2001:db8:c001::/48", "2001:db8:cfff::/48"])))).toBe("2001:db8:c000::/36");
    const crowd = (octet: number) => Array.from({ length: 8 }, (_, i) => `${octet}.${i * 32}.0.0/24`);
    const { folded, loose } = foldCrowded(parse([...crowd(20), ...crowd(200), "100.1.1.0/24"]), 8, { 4: 8, 6: 32 });
    expect(texts(folded)).toEqual(["20.0.0.0/8", "200.0.0.0/8"]);
    expect(texts(loose)).toEqual(["100.1.1.0/24"]);
  });
});

describe("networks", () => {
  test("a few that come back are listed; a thief's single day is named and left out", () => {
    const { value, why } = proposeNetworks(
      observed({ sources: [source("203.0.113.0/24"), source("198.51.100.0/24", { days: 1, events: 4, asn: 64510 })] }),
    );
    expect(value).toEqual(["203.0.113.0/24"]);
    expect(why).toMatch(/left out, seen on one day only: 198.51.100.0\/24/);
  });
  test("networks all over the world are left out, and their owners named", () => {
    const sources = Array.from({ length: 60 }, (_, i) =>
      source(`${(i * 4) % 220}.${i}.7.0/24`, { days: 1, events: 16, asn: 64500 + i }),
    );
    const { value, why } = proposeNetworks(observed({ sources }));
    expect(value).toBeNull();
    expect(why).toMatch(/60 networks in 60 days, 60 of them on one day only: AS64500 Example/);
  });
  test("ten offices that come back stay ten offices", () => {
    const sources = Array.from({ length: 10 }, (_, i) => source(`198.51.${i * 2}.0/24`));
    expect(proposeNetworks(observed({ sources })).value).toHaveLength(10);
  });
  test("without an address nothing is proposed", () => {
    expect(proposeNetworks(observed({})).value).toBeNull();
    expect(proposeCountries(observed({ countries: [country("", [1])] })).value).toBeNull();
  });
});

describe("access", () => {
  test.each([
    ["read", { reads: 1000 }],
    [null, { reads: 49, events: 49 }],
    [null, { reads: 990, auths: 10 }],
    [null, { reads: 990, unknowns: 10 }],
    ["write", { reads: 999, writes: 1, write_days: 1 }],
    ["write", { reads: 900, writes: 98, admins: 2, write_days: 30, admin_days: 2 }],
    ["admin", { reads: 900, admins: 100, write_days: 30, admin_days: 30 }],
  ] as const)("%s for %j", (value, facts) => {
    const proposal = proposeAccess(subject(facts));
    expect(proposal.value, proposal.why).toBe(value);
    expect(proposal.why).not.toBe("");
  });
});

describe("hours", () => {
  test("a night shift crosses midnight and belongs to the day it began on", () => {
    expect(hoursOf(country("DE", work("Europe/Berlin", 22, 8, 56))).value).toEqual({
      timezone: "Europe/Berlin",
      days: "mon-fri",
      from: "22:00",
      to: "06:00",
    });
  });
  test.each([
    ["US", -122.3, "America/Los_Angeles"],
    ["US", -96.8, "America/Chicago"],
    ["US", -74, "America/New_York"],
    ["US", null, "America/New_York"],
    ["ES", -6, "Europe/Madrid"],
    ["RU", 82.9, "Asia/Novosibirsk"],
  ])("%s at longitude %s keeps the clock of %s", (code, lon, zone) => {
    expect(hoursOf(country(code, work(zone, 9, 8, 56), { lon })).value).toMatchObject({
      timezone: zone,
      from: "09:00",
      to: "17:00",
    });
  });
  test("half an hour of offset is not lost", () => {
    expect(hoursOf(country("NP", work("Asia/Kathmandu", 9, 8, 56))).value).toMatchObject({
      timezone: "Asia/Kathmandu",
      from: "09:00",
      to: "17:00",
    });
  });
  test("summer time tells Sydney from Brisbane, and Phoenix from Denver", () => {
    const autumn = Date.parse("2026-09-07T00:00:00Z");
    const zoneOf = (code: string, zone: string) =>
      hoursOf(country(code, work(zone, 9, 8, 84, [0, 1, 2, 3, 4], autumn))).value?.timezone;
    expect(zoneOf("AU", "Australia/Sydney")).toBe("Australia/Sydney");
    expect(zoneOf("AU", "Australia/Brisbane")).toBe("Australia/Brisbane");
    expect(zoneOf("US", "America/Phoenix")).toBe("America/Phoenix");
  });
  test("a machine in a data centre follows UTC unless summer time says otherwise", () => {
    const hosted = (slots: number[]) => country("DE", slots, { hosted: slots.length });
    expect(hoursOf(hosted(work("UTC", 2, 1, 56))).value).toMatchObject({ timezone: "UTC", from: "02:00", to: "03:00" });
    const autumn = Date.parse("2026-09-07T00:00:00Z");
    expect(hoursOf(hosted(work("Europe/Berlin", 2, 1, 84, [0, 1, 2, 3, 4, 5, 6], autumn))).value).toMatchObject({
      timezone: "Europe/Berlin",
      days: "daily",
      from: "02:00",
    });
  });
  test("a country that is unknown leaves UTC, and what it looks like is said", () => {
    const { value, why } = hoursOf(country("", work("Etc/GMT-9", 9, 9, 56)));
    expect(value).toMatchObject({ timezone: "UTC", from: "00:00", to: "09:00" });
    expect(why).toMatch(/office day at UTC\+9/);
  });
  test.each([
    ["few days", country("DE", work("Europe/Berlin", 9, 9, 4)), /too few/],
    ["all day", country("DE", work("UTC", 0, 24, 30, [0, 1, 2, 3, 4, 5, 6])), /round the clock/],
    ["seventeen hours", country("DE", work("UTC", 4, 17, 30, [0, 1, 2, 3, 4, 5, 6])), /active over 17 hours/],
    ["nothing", country("DE", []), /no activity/],
  ])("%s: nothing is proposed, and why", (_, row, why) => {
    const proposal = hoursOf(row);
    expect(proposal.value).toBeNull();
    expect(proposal.why).toMatch(why);
  });
  test("a weekly job has its day, but not after two weeks", () => {
    expect(hoursOf(country("DE", work("Europe/Berlin", 3, 1, 70, [6]))).value).toMatchObject({ days: "sun" });
    expect(hoursOf(country("DE", work("Europe/Berlin", 3, 1, 70, [2]))).value).toMatchObject({ days: "wed" });
    expect(hoursOf(country("DE", work("Europe/Berlin", 3, 1, 14, [2]))).value).toBeNull();
  });
});

describe("day windows", () => {
  const counts = (blocks: [from: number, length: number, each: number][]) => {
    const all = new Float64Array(96);
    for (const [from, length, each] of blocks) for (let i = 0; i < length; i++) all[(from + i) % 96]! += each;
    return all;
  };
  test("nothing has no window", () => expect(dayWindow(counts([]))).toBeNull());
  test("late evenings now and then are an exception, named by hour", () => {
    const window = dayWindow(
      counts([
        [36, 36, 20],
        [80, 8, 4],
      ]),
    )!;
    expect(window).toMatchObject({ from: 36, length: 36 });
    expect(window.exceptions).toEqual([{ from: 20, to: 22, share: expect.closeTo(32 / 752, 5) }]);
  });
  test("evenings that are a habit belong to the window", () => {
    expect(
      dayWindow(
        counts([
          [36, 36, 20],
          [80, 8, 12],
        ]),
      ),
    ).toMatchObject({ from: 36, length: 52, exceptions: [] });
  });
  test("a stray call does not widen it", () => {
    expect(
      dayWindow(
        counts([
          [36, 36, 20],
          [10, 1, 2],
        ]),
      ),
    ).toMatchObject({ from: 36, length: 36 });
  });
});

describe("names and rotation", () => {
  const a = subject({
    subject_uid: "p:a",
    key_uid: "p:a",
    first_ms: MONDAY,
    last_ms: MONDAY + 32 * DAY_MS,
    principal_uid: "arn:x:user/bot",
  });
  const b = subject({
    subject_uid: "p:b",
    key_uid: "p:b",
    first_ms: MONDAY + 30 * DAY_MS,
    principal_uid: "arn:x:user/bot",
  });
  test("names are unique, the older key has the plain one, and taken ones are left alone", () => {
    expect([...uniqueNames([b, a], new Set())]).toEqual([
      ["p:a", "bot"],
      ["p:b", "bot-2"],
    ]);
    expect(uniqueNames([a], new Set(["bot", "bot-2"])).get("p:a")).toBe("bot-3");
  });
  test("a key that took over from another of the same principal is told, one used beside it is not", () => {
    const names = uniqueNames([a, b], new Set());
    expect(rotationHint(b, [a, b], names)).toBe("{ replaces: bot, created_at: 2026-07-01, overlap: 2d }");
    expect(rotationHint(a, [a, b], names)).toBeNull();
    expect(rotationHint(b, [{ ...a, last_ms: b.last_ms }, b], names)).toBeNull();
  });
});

test("every zone of the table is one that the runtime knows, and no country is empty", () => {
  expect(zoneCountries().length).toBeGreaterThan(180);
  for (const code of zoneCountries()) {
    expect(code).toMatch(/^[A-Z]{2}$/);
    expect(zonesOf(code).length, code).toBeGreaterThan(0);
    for (const { zone } of zonesOf(code)) expect(isZone(zone), zone).toBe(true);
  }
  expect(zonesOf("ZZ")).toEqual([]);
});

test("bars show little as little and nothing as nothing", () => {
  expect(bars([0, 1, 100, 50])).toBe("·▁█▄");
  expect(bars([0, 0])).toBe("··");
});
