import { isWrite } from "../../schemas/activity.ts";
import { defineBaseline } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { releaseOf } from "../versions.ts";
import { plural } from "../words.ts";

const MIN_EVENTS = 200;
const MIN_DAYS = 14;
/** Days with calls: a weekly job of three weeks has shown three days of its life. */
const MIN_ACTIVE_DAYS = 10;

export default defineBaseline({
  id: "first_write",
  version: 1,
  title: "First write by a key that only ever read",
  level: "medium",
  weight: 0.6,
  tags: ["attack.t1098", "attack.t1565"],
  needs: ["verb_class", "per_call"],
  whileLearning: false,
  runbook: [
    "Ask {owner} whether {key_hint} is meant to write. If it is, declare `access: write` in the inventory.",
    "If not: disable {key_hint}, then undo {operation} and what followed it since {first_seen}.",
  ],
  falsePositives: ["a report job got a new feature"],
  // What was not there to be written to was not written.
  applies: (event) => isWrite(event) && event.outcome !== "not_found",
  judge(event, view) {
    const { sealed } = view;
    if (
      sealed.writes > 0 ||
      sealed.events < MIN_EVENTS ||
      view.history.days < MIN_DAYS ||
      sealed.activeDays < MIN_ACTIVE_DAYS
    )
      return null;
    if (view.policy?.access === "read") return null;
    const release = releaseOf(event, view);
    return {
      dimension: operationOf(event),
      level: release === null ? "medium" : "informational",
      reasons: [
        `${operationOf(event)} (${event.outcome}) is its first writing call.`,
        `In ${plural(view.history.days, "day")} it made ${plural(sealed.events, "call")}, all of them reads.`,
        ...(release === null ? [] : [`Its program was just replaced by ${release}: a release may begin to write.`]),
      ],
      quiet_if: ["The key had written before, or were declared `access: write`."],
      anomaly: {
        parameter: "verb_class",
        observed: event.verb_class,
        expected: "read",
        p: 1 / (sealed.events + 2),
        facts: { reads: sealed.events },
      },
    };
  },
});
