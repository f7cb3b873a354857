import { defineBaseline } from "../detection.ts";
import { isRoleChange } from "../observe.ts";
import { FORGET_DAYS } from "../profile.ts";
import { unseenPerDay } from "../stats/novelty.ts";
import { paceOf } from "../values.ts";
import { isKnown } from "../view.ts";
import { percent, plural } from "../words.ts";

const MAX_UNSEEN = 0.05;
const MIN_DAYS = 14;
/** One more role is a new feature; from two a day on, somebody tries doors. */
const MEDIUM_FROM = 2;

export default defineBaseline({
  id: "new_role",
  version: 1,
  title: "Key takes on roles it never took on",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1548.005", "attack.t1550.001"],
  needs: ["resources", "operation"],
  whileLearning: false,
  runbook: [
    "Ask {owner} which roles {key_hint} is meant to take on.",
    "If not these: disable {key_hint}, end the sessions of the roles, and look at what they did since {first_seen}.",
  ],
  falsePositives: ["a deployment works in more accounts than before"],
  applies: (event) => isRoleChange(event) && event.outcome === "success" && event.resources.length > 0,
  judge(_event, view) {
    const fresh = [...view.day.values.role].filter((role) => !isKnown(view, "role", role)).sort();
    if (fresh.length === 0 || view.sealed.activeDays < MIN_DAYS) return null;
    const set = view.sealed.values.role;
    // A day without a role is an observation too: the key could have taken one on.
    const n = Math.max(set.n, view.sealed.activeDays);
    const unseen = unseenPerDay({ n, n1: set.n1, ...paceOf(set, view.sealed, FORGET_DAYS.role) });
    if (unseen > MAX_UNSEEN && unseen > 2 / (n + 1)) return null;
    return {
      dimension: "",
      level: fresh.length >= MEDIUM_FROM ? "medium" : "low",
      reasons: [
        `Took on ${plural(fresh.length, "role")} on one day that it never took on: ${fresh.slice(0, 3).join(", ")}.`,
        `In ${plural(view.history.days, "day")} it took on ${plural(set.values.size, "role")}; a new one was expected on ${percent(unseen)} of its days.`,
      ],
      quiet_if: ["The key had taken on these roles on an earlier day."],
      anomaly: {
        parameter: "role",
        observed: fresh.slice(0, 5).join(", "),
        expected: [...set.values.keys()].slice(0, 5).join(", "),
        p: unseen ** fresh.length,
        facts: { new_roles: fresh.length, known_roles: set.values.size },
      },
      holds: fresh.map((value) => ({ dimension: "role" as const, value })),
    };
  },
});
