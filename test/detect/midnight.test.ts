import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { closed, engineFor, event, MONDAY, officeDays, streamed } from "./make.ts";

const midnight = MONDAY + 43 * DAY_MS;
const person: Partial<DetectEvent> = { user_agent_family: "aws-cli", principal_type: "human" };
const lisbon: Partial<DetectEvent> = {
  ...person,
  ...{ src_ip: "192.0.2.9", src_net: "192.0.2.0/24", asn: 64541, as_org: "Hotel", country: "PT", city: "Lisbon" },
  ...{ lat: 38.72, lon: -9.14 },
};
const denied = (i: number, time: number): DetectEvent =>
  event({
    time,
    operation: `List${"ABCDEFGHIJKLMN"[i]}`,
    service: "iam",
    outcome: "denied",
    error_code: "AccessDenied",
  });

const says = (detection: string, events: DetectEvent[]): string[] => {
  const [whole, live] = [
    closed(engineFor(), [...officeDays(40, person), ...events]),
    streamed(engineFor(), [...officeDays(40, person), ...[...events].reverse()], 1),
  ].map((found) => found.filter((f) => f.detection === detection).map((f) => `${f.severity} ${f.dimension} ${f.uid}`));
  expect(live).toEqual(whole);
  return whole!.map((text) => text.slice(0, text.lastIndexOf(" ")));
};

describe("midnight cuts no window", () => {
  test("Berlin at 23:55 and Lisbon at 00:05 is a journey that nobody makes", () => {
    const events = [
      event({ time: midnight - 5 * MINUTE_MS, ...person }),
      event({ time: midnight + 5 * MINUTE_MS, ...lisbon }),
    ];
    expect(says("impossible_travel", events)).toEqual(["medium 192.0.2.0/24 203.0.113.0/24"]);
  });

  test("Berlin at 18:00 and Lisbon at 00:05 is one that people make", () => {
    const events = [
      event({ time: midnight - 6 * HOUR_MS, ...person }),
      event({ time: midnight + 5 * MINUTE_MS, ...lisbon }),
    ];
    expect(says("impossible_travel", events)).toEqual([]);
  });

  /** Twelve operations denied within so long, half of them before midnight. */
  const tried = (hours: number): DetectEvent[] =>
    Array.from({ length: 12 }, (_, i) => denied(i, midnight + ((i - 5.5) / 12) * hours * HOUR_MS));
  const slowly = (hours: number): string[] => {
    const found = closed(engineFor(), [...officeDays(40, person), ...tried(hours)]);
    return found.filter((f) => f.detection === "denied_enumeration").map((f) => `${f.severity} ${f.dimension}`);
  };

  test("twelve operations denied in six hours are an enumeration, whatever the day", () => {
    expect(slowly(6)).toEqual(["high day"]);
  });

  test("the same in two days are none: not enough of them within 24 hours", () => {
    expect(slowly(47)).toEqual([]);
  });
});
