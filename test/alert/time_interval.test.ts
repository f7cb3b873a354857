import { describe, expect, test } from "vitest";
import { within } from "../../alert/time_interval.ts";
import { config } from "../../schemas/config.ts";
import { faultsOf } from "../../schemas/faults.ts";
import { timeInterval } from "../../schemas/time_interval.ts";
import { configOf } from "./support.ts";

const at = (text: string) => Date.parse(text);

describe("a time interval holds", () => {
  test.each<[string, object, string, boolean]>([
    ["without conditions: always", {}, "2026-03-01T03:12:00Z", true],
    ["from its start", { times: [{ start_time: "08:00", end_time: "17:00" }] }, "2026-03-02T08:00:00Z", true],
    ["not at its end", { times: [{ start_time: "08:00", end_time: "17:00" }] }, "2026-03-02T17:00:00Z", false],
    ["to the last minute", { times: [{ start_time: "08:00", end_time: "17:00" }] }, "2026-03-02T16:59:59Z", true],
    ["up to 24:00", { times: [{ start_time: "22:00", end_time: "24:00" }] }, "2026-03-02T23:59:59Z", true],
    [
      "by the zone's clock in winter",
      { times: [{ start_time: "08:00", end_time: "09:00" }], location: "Europe/Berlin" },
      "2026-03-02T07:30:00Z",
      true,
    ],
    [
      "by the zone's clock in summer",
      { times: [{ start_time: "08:00", end_time: "09:00" }], location: "Europe/Berlin" },
      "2026-07-02T06:30:00Z",
      true,
    ],
    [
      "not an hour beside it in summer",
      { times: [{ start_time: "08:00", end_time: "09:00" }], location: "Europe/Berlin" },
      "2026-07-02T07:30:00Z",
      false,
    ],
    ["on the zone's day", { weekdays: ["monday"], location: "Asia/Tokyo" }, "2026-03-01T16:00:00Z", true],
    ["not on a day outside", { weekdays: ["monday:friday"] }, "2026-03-01T12:00:00Z", false],
    ["on a week written over its end", { weekdays: ["saturday:sunday"] }, "2026-03-01T12:00:00Z", true],
    ["on days of the month", { days_of_month: ["1:5"] }, "2026-03-05T12:00:00Z", true],
    ["on its last days", { days_of_month: ["-3:-1"] }, "2026-02-26T12:00:00Z", true],
    ["not before its last days", { days_of_month: ["-3:-1"] }, "2026-02-25T12:00:00Z", false],
    ["in a leap year too", { days_of_month: ["-1"] }, "2028-02-29T12:00:00Z", true],
    ["from a day to the end", { days_of_month: ["20:-1"] }, "2026-02-28T12:00:00Z", true],
    ["not in a month that has no such day", { days_of_month: ["31"] }, "2026-04-30T12:00:00Z", false],
    ["with more days than the month has", { days_of_month: ["-31:-1"] }, "2026-02-01T12:00:00Z", true],
    ["in months by name", { months: ["may:august"] }, "2026-05-01T00:00:00Z", true],
    ["in months by number", { months: ["1:3", 12] }, "2026-12-31T23:59:59Z", true],
    ["not in other months", { months: ["1:3"] }, "2026-04-01T00:00:00Z", false],
    ["in years", { years: ["2026:2027"] }, "2026-06-01T00:00:00Z", true],
    ["not in other years", { years: [2025] }, "2026-06-01T00:00:00Z", false],
    [
      "where all conditions do",
      { weekdays: ["monday"], months: ["march"], years: [2026] },
      "2026-03-02T00:00:00Z",
      true,
    ],
    ["not where one does not", { weekdays: ["monday"], months: ["april"] }, "2026-03-02T00:00:00Z", false],
  ])("%s", (_name, text, time, expected) => expect(within(timeInterval.parse(text), at(time))).toBe(expected));
});

test.each<[object, RegExp]>([
  [{ times: [{ start_time: "8:00", end_time: "17:00" }] }, /no time of day/],
  [{ times: [{ start_time: "22:00", end_time: "06:00" }] }, /for a night write two/],
  [{ times: [{ start_time: "00:00", end_time: "24:01" }] }, /no time of day/],
  [{ weekdays: ["freeday"] }, /no weekday/],
  [{ weekdays: ["monday:friday:sunday"] }, /no weekday/],
  [{ days_of_month: ["0"] }, /no day of the month/],
  [{ days_of_month: ["-1:5"] }, /no day of the month/],
  [{ days_of_month: ["5:1"] }, /no day of the month/],
  [{ months: ["13"] }, /no month/],
  [{ years: ["2027:2026"] }, /no year/],
  [{ location: "Mars/Base" }, /no IANA time zone/],
  [{ hours: [] }, /hours/],
])("%o is refused with a sentence", (text, sentence) => {
  const parsed = timeInterval.safeParse(text);
  expect(parsed.success).toBe(false);
  expect(faultsOf(parsed.error!, []).join("\n")).toMatch(sentence);
});

describe("the config", () => {
  const receivers = [{ name: "a", channels: [] }];
  test.each<[string, object, RegExp]>([
    [
      "an interval that nobody named",
      { route: { receiver: "a", routes: [{ mute_time_intervals: ["night"] }] } },
      /no time interval named "night"/,
    ],
    [
      "times on the root",
      { route: { receiver: "a", mute_time_intervals: [], active_time_intervals: ["x"] } },
      /root route catches all/,
    ],
    [
      "an escalation to nobody",
      { route: { receiver: "a", escalation: [{ after: "5m", receiver: "b" }] } },
      /no receiver named "b"/,
    ],
    [
      "a receiver's escalation to nobody",
      { receivers: [{ name: "a", escalation: [{ after: "5m", receiver: "b" }] }] },
      /no receiver named "b"/,
    ],
    [
      "a label that no incident has",
      { route: { receiver: "a", group_by: ["team"] } },
      /no label "team"; there are severity/,
    ],
    [
      "an unknown label in inhibition",
      { inhibit_rules: [{ source_matchers: ["alertname=x"], target_matchers: ["severity=low"] }] },
      /no label "alertname"/,
    ],
    [
      "a name that stands twice",
      {
        time_intervals: [
          { name: "n", time_intervals: [{}] },
          { name: "n", time_intervals: [{}] },
        ],
      },
      /the name "n" stands twice/,
    ],
  ])("refuses %s", (_name, change, sentence) => {
    const parsed = config.safeParse({ receivers, ...change });
    expect(parsed.success ? [] : faultsOf(parsed.error, []).join("\n")).toMatch(sentence);
  });

  test("takes group_by ... as Alertmanager does", () => {
    expect(configOf({ receivers, route: { receiver: "a", group_by: ["..."] } }).route?.group_by).toEqual(["..."]);
  });
});
