import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseIPv4, parseIPv6 } from "../../schemas/network.ts";
import { kinds } from "./agent.ts";
import { WINDOW_DAYS } from "./agents.ts";
import { declarationsOf } from "./declarations.ts";
import { compromiseKinds, daysOf, makeFleet } from "./fleet.ts";
import { surpriseKinds } from "./surprises.ts";

/** Days of a fleet, by number since its window began. */
function someDays(seed: number, days: number[]) {
  const fleet = makeFleet(seed);
  const found = [];
  for (const day of daysOf(fleet)) {
    if (days.includes(day.day - fleet.first)) found.push(day);
    if (day.day - fleet.first > Math.max(...days)) break;
  }
  return found;
}
const digest = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

describe("the quality fleet", () => {
  const fleet = makeFleet(1);

  test("holds what the bench promises", () => {
    expect(fleet.agents.length).toBeGreaterThanOrEqual(100);
    expect(new Set(fleet.agents.map((a) => a.kind)).size).toBe(kinds.length);
    expect(new Set(fleet.agents.map((a) => a.zone)).size).toBeGreaterThanOrEqual(4);
    expect(WINDOW_DAYS).toBe(90);
    expect(compromiseKinds.length).toBeGreaterThanOrEqual(12);
    for (const kind of compromiseKinds) expect(fleet.compromises.filter((c) => c.kind === kind.id)).toHaveLength(2);
    const happened = new Set(fleet.surprises.map((s) => s.kind));
    for (const kind of surpriseKinds.filter((k) => k !== "migration")) expect(happened, kind).toContain(kind);
    expect(declarationsOf(fleet).keys.length).toBeGreaterThan(80);
  });

  test("labels every compromise, no key twice, inside the window", () => {
    expect(new Set(fleet.compromises.map((c) => c.agent)).size).toBe(fleet.compromises.length);
    for (const c of fleet.compromises) {
      expect(c.uids.size).toBe(c.calls.length);
      expect(c.start).toBeGreaterThan((fleet.first + 30) * 86_400_000);
      expect(c.end).toBeLessThan((fleet.first + WINDOW_DAYS) * 86_400_000);
    }
  });

  test("is the same for the same seed, another for another one, in event-time order", () => {
    const [day] = someDays(1, [5]);
    expect(digest(day)).toBe(digest(someDays(1, [5])[0]));
    expect(digest(day)).not.toBe(digest(someDays(2, [5])[0]));
    const times = day!.records.map((r) => r.time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("calls from documentation and private ranges only", () => {
    const allowed = /^(192\.0\.2|198\.51\.100|203\.0\.113|10\.\d+\.\d+)\.\d+$|^2001:db8:/;
    for (const { record } of someDays(3, [40])[0]!.records) {
      const address = String(record.sourceIPAddress);
      expect(address).toMatch(allowed);
      expect(parseIPv4(address) >= 0 || parseIPv6(address) !== null, address).toBe(true);
    }
  });
});
