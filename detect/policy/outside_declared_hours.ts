import type { Hours } from "../../schemas/inventory.ts";
import { type LocalTime, localTime } from "../../schemas/zone.ts";
import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { hourWords } from "../words.ts";

export default definePolicy({
  id: "outside_declared_hours",
  version: 1,
  title: "Key used outside its declared hours",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1078.004"],
  needs: ["inventory.hours", "time"],
  undeclared: false,
  runbook: [
    "Ask {owner} who worked with {key_hint} then.",
    "If nobody did: disable {key_hint}, then look at everything since {first_seen}.",
  ],
  falsePositives: ["the hours in the inventory are out of date", "a public holiday was worked through"],
  check(event, key) {
    if (key?.hours == null) return null;
    const local = localTime(key.hours.timezone, event.time);
    if (insideHours(key.hours, local)) return null;
    return {
      dimension: "",
      level: "medium",
      reasons: [
        `${operationOf(event)} at ${hourWords(local.day * 24 + local.hour).replace(/00$/, String(local.minuteOfDay % 60).padStart(2, "0"))} in ${key.hours.timezone}; declared are ${clock(key.hours.from)} to ${clock(key.hours.to)} on its days.`,
      ],
      quiet_if: ["`hours` in the inventory covered this time."],
      anomaly: {
        parameter: "local time",
        observed: clock(local.minuteOfDay),
        expected: `${clock(key.hours.from)}-${clock(key.hours.to)}`,
        p: null,
        facts: { zone: key.hours.timezone, weekday: local.day },
      },
    };
  },
});

/** insideHours knows windows that cross midnight: their second part belongs to the day on which they began. */
export function insideHours(hours: Hours, local: LocalTime): boolean {
  const { from, to, days } = hours;
  const minute = local.minuteOfDay;
  if (from < to) return days[local.day]! && minute >= from && minute < to;
  const yesterday = (local.day + 6) % 7;
  return (days[local.day]! && minute >= from) || (days[yesterday]! && minute < to);
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
