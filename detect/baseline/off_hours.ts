import { isWrite } from "../../schemas/activity.ts";
import { defineBaseline } from "../detection.ts";
import type { Sealed } from "../profile.ts";
import { type HourHabits, hourHabits } from "../stats/hours.ts";
import { waiting } from "../view.ts";
import { hourWords, percent, plural } from "../words.ts";

/** Below this tail an hour is odd. */
const ODD_TAIL = 0.01;
/** Active days before hours are a habit at all. */
const MIN_ACTIVE_DAYS = 10;

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
  sameAs: (event, view) => `${view.hour} ${isWrite(event)}`,
  judge(event, view) {
    const { sealed } = view;
    // Declared hours are a policy, and speak for themselves.
    if (sealed.activeDays < MIN_ACTIVE_DAYS || view.policy?.hours) return null;
    const habits = habitsOf(sealed);
    if (!habits.informative) return null;
    const tail = habits.tail(view.hour);
    if (tail >= ODD_TAIL) return null;
    const value = String(view.hour);
    const seenBefore = waiting(view, "hour", value);
    const level = isWrite(event) && seenBefore === 0 ? "medium" : "low";
    return {
      dimension: `hour:${value}`,
      level,
      reasons: [
        `Used at ${hourWords(view.hour)} (${view.zone}); all hours as rare as this one hold ${percent(tail)} of its ${plural(sealed.activeDays, "active day")}.`,
        isWrite(event) ? "And the call writes." : "The call only reads, so this alone is a risk, not an alarm.",
      ],
      quiet_if: [
        "The key had worked at this hour of the week before.",
        "Its hours were declared in the inventory (`hours`).",
      ],
      anomaly: {
        parameter: "hour of week",
        observed: hourWords(view.hour),
        expected: null,
        p: tail,
        facts: { zone: view.zone, entropy: Math.round(habits.entropy * 1000) / 1000, active_hours: habits.activeHours },
      },
      holds: [{ dimension: "hour", value }],
    };
  },
});

const cache = new WeakMap<Sealed, { through: number; habits: HourHabits }>();

/** habitsOf learns the hours once per sealed day. */
function habitsOf(sealed: Sealed): HourHabits {
  const known = cache.get(sealed);
  if (known?.through === sealed.through) return known.habits;
  const habits = hourHabits(sealed.hours);
  cache.set(sealed, { through: sealed.through, habits });
  return habits;
}
