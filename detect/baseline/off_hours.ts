import { isWrite } from "../../schemas/activity.ts";
import { isUsualAdmin } from "../administrators.ts";
import { defineBaseline } from "../detection.ts";
import { habitsOf, hasHours, hourWeek } from "../hour_score.ts";
import type { Sealed } from "../profile.ts";
import { waiting } from "../view.ts";
import { hourWords, percent, plural } from "../words.ts";

/** Below this tail an hour is odd. */
const ODD_TAIL = 0.01;
const READ_HOURS = Array.from({ length: 168 }, (_, h) => `${h} read`);
const WRITE_HOURS = Array.from({ length: 168 }, (_, h) => `${h} write`);

/**
 * One odd hour is a risk; it becomes a finding when the call writes and the key seldom does, or when the surprise of a week adds up
 * beyond the subject's own past (DETECTION.md, section 4; measured by test/quality/off_hours.ts).
 */
export default defineBaseline({
  id: "off_hours",
  version: 1,
  title: "Key used at an hour at which it never works",
  level: "medium",
  weight: 0.4,
  tags: ["attack.t1078.004"],
  needs: ["time"],
  whileLearning: false,
  runbook: [
    "Ask {owner} who worked with {key_hint} at that hour.",
    "If nobody did: disable {key_hint}, then look at {operation} and what else it did since {first_seen}.",
  ],
  falsePositives: ["somebody works late before a deadline", "a job was delayed or run by hand"],
  sameAs: (event, view) => (isWrite(event) ? WRITE_HOURS : READ_HOURS)[view.hour]!,
  judge(event, view) {
    const { sealed } = view;
    // Declared hours are a policy, and speak for themselves.
    if (view.policy?.hours || !hasHours(sealed)) return null;
    const habits = habitsOf(sealed);
    const tail = habits.tail(view.hour);
    const week = hourWeek(sealed, view.day);
    if (tail >= ODD_TAIL && !week.fires) return null;
    const value = String(view.hour);
    const seenBefore = waiting(view, "hour", value);
    const writes = isWrite(event) && seldomWrites(sealed) && tail < ODD_TAIL && seenBefore === 0;
    const alarm = writes || week.fires;
    return {
      dimension: "",
      level: alarm ? "medium" : "low",
      usualAdmin: !alarm && isUsualAdmin(event, view),
      reasons: [
        `Used at ${hourWords(view.hour)} (${view.zone}); all hours as rare as this one hold ${percent(tail)} of its ${plural(sealed.activeDays, "active day")}.`,
        week.fires
          ? `Its odd hours of seven days add up to ${week.accumulated.toFixed(1)}; above ${week.bound.toFixed(1)} is unusual for it.`
          : writes
            ? "And the call writes, which this key seldom does."
            : "One odd hour alone is a risk, not an alarm.",
      ],
      quiet_if: [
        "The key had worked at this hour of the week before.",
        "Its hours were declared in the inventory (`hours`).",
      ],
      anomaly: {
        parameter: "hour of week",
        observed: hourWords(view.hour),
        expected: null,
        p: Math.min(1, tail * hoursPerDay(sealed)),
        facts: {
          zone: view.zone,
          tail: Math.round(tail * 1e6) / 1e6,
          entropy: Math.round(habits.entropy * 1000) / 1000,
          active_hours: habits.activeHours,
          accumulated: Math.round(week.accumulated * 100) / 100,
          bound: Math.round(week.bound * 100) / 100,
        },
      },
      // Hours are a weight, not a membership: one odd hour is learned as the one day that it is, unless it was an alarm.
      holds: tail < ODD_TAIL && alarm ? [{ dimension: "hour", value }] : [],
    };
  },
});

/** A day has so many chances to be odd. */
const hoursPerDay = (sealed: Sealed): number =>
  Math.max(1, sealed.hours.reduce((sum, days) => sum + days, 0) / sealed.activeDays);

/** A job that writes all day tells nothing by writing at night too. */
const seldomWrites = (sealed: Sealed): boolean => sealed.writes < 0.1 * sealed.events;
