import { defineBaseline } from "../detection.ts";
import { isPerson } from "../people.ts";
import { FORGET_DAYS } from "../profile.ts";
import { unseenPerDay } from "../stats/novelty.ts";
import { paceOf } from "../values.ts";
import { BESIDE_MS } from "../versions.ts";
import { isKnown, type View, waiting } from "../view.ts";
import { percent, plural } from "../words.ts";

const FINDING_UNSEEN = 0.05;
const RISK_UNSEEN = 0.15;
const MIN_OBSERVATIONS = 20;

/** The family of the program, not its version: a release of the same one is no news. */
export default defineBaseline({
  id: "new_user_agent",
  version: 1,
  title: "Key used by a program it never was used by",
  level: "low",
  weight: 0.3,
  tags: ["attack.t1078.004"],
  needs: ["user_agent"],
  whileLearning: false,
  runbook: [
    "Ask {owner} which program beside the usual one holds {key_hint}.",
    "Nobody knows: the key was copied. Rotate it, and look at what the new program called since {first_seen}.",
  ],
  falsePositives: ["a job was rewritten with another SDK", "somebody tries a call by hand with the key of a job"],
  applies: (event) => event.user_agent_family !== null,
  judge(event, view) {
    const family = event.user_agent_family!;
    if (isKnown(view, "agent", family)) return null;
    const set = view.sealed.values.agent;
    if (set.n < MIN_OBSERVATIONS) return null;
    const unseen = unseenPerDay({ n: set.n, n1: set.n1, ...paceOf(set, view.sealed, FORGET_DAYS.agent) });
    if (unseen > RISK_UNSEEN) return null;
    const seenBefore = waiting(view, "agent", family);
    const usual = besideUsual(view, family);
    const telling = usual !== null && unseen <= FINDING_UNSEEN && seenBefore === 0 && !isPerson(event, view.sealed);
    return {
      dimension: family,
      level: telling ? "medium" : "low",
      reasons: [
        `${family} never used this key${usual === null ? "" : `; ${usual} went on beside it`}.`,
        `In ${plural(view.history.days, "day")} it was used by ${plural(set.values.size, "program")}; a new one was expected on ${percent(unseen)} of its days.`,
        usual === null
          ? "A release that replaces the program looks the same."
          : "A release replaces the program; this did not.",
        ...(seenBefore > 0 ? [`Reported before and not confirmed: seen on ${plural(seenBefore, "earlier day")}.`] : []),
      ],
      quiet_if: [`${family} had used the key on an earlier day.`],
      anomaly: {
        parameter: "user agent",
        observed: family,
        expected: [...set.values.keys()].slice(0, 5).join(", "),
        p: unseen,
        facts: { observations: set.n, beside: usual, unconfirmed_days: seenBefore },
      },
      holds: [{ dimension: "agent", value: family }],
    };
  },
});

/** besideUsual names a known program that was used before and well after the new one began; null where the new one replaced it. */
function besideUsual(view: View, family: string): string | null {
  const mine = view.day.agents.get(family);
  if (!mine) return null;
  let found: string | null = null;
  for (const [other, [, last]] of view.day.agents) {
    if (other === family || !isKnown(view, "agent", other) || last - mine[0] < BESIDE_MS) continue;
    if (found === null || other < found) found = other;
  }
  return found;
}
