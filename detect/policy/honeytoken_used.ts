import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { placeWords } from "../words.ts";

export default definePolicy({
  id: "honeytoken_used",
  version: 1,
  title: "Honeytoken used",
  level: "critical",
  weight: 1,
  tags: ["attack.t1078.004"],
  needs: ["inventory.honeytoken"],
  undeclared: false,
  runbook: [
    "Nobody has a reason to use {key_hint}: whoever did has been where it was hidden.",
    "Find out where it was hidden, treat everything else there as stolen, and rotate it.",
  ],
  falsePositives: ["a scanner of your own tests found keys"],
  check(event, key) {
    if (!key?.honeytoken) return null;
    return {
      dimension: "",
      level: "critical",
      reasons: [`${operationOf(event)} (${event.outcome}) from ${placeWords(event)} with a key that is a trap.`],
      quiet_if: ["Nothing: any use counts."],
      anomaly: { parameter: "use", observed: 1, expected: 0, p: null, facts: {} },
    };
  },
});
