import { isWrite } from "../../schemas/activity.ts";
import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";

export default definePolicy({
  id: "write_on_read_only_key",
  version: 1,
  title: "Write call on a read-only key",
  level: "high",
  weight: 0.9,
  tags: ["attack.t1098", "attack.t1078.004"],
  needs: ["inventory.access", "verb_class"],
  undeclared: false,
  runbook: [
    "Ask {owner} whether a deployment began to write with {key_hint}.",
    "If not: disable {key_hint} now, then look at {operation} and everything since {first_seen}.",
    "If yes: declare `access: write`, and give the key no more than it needs.",
  ],
  falsePositives: ["the key was widened and the inventory not"],
  check(event, key) {
    if (key?.access !== "read" || !isWrite(event)) return null;
    const succeeded = event.outcome === "success";
    return {
      dimension: event.service ?? "",
      level: succeeded ? "high" : "medium",
      reasons: [
        `${operationOf(event)} by a key that is declared read-only; it ${succeeded ? "succeeded" : `was refused (${event.error_code ?? event.outcome})`}.`,
      ],
      quiet_if: ["The inventory declared `access: write` for this key."],
      anomaly: {
        parameter: "verb_class",
        observed: event.verb_class,
        expected: "read",
        p: null,
        facts: { operation: event.operation, outcome: event.outcome },
      },
    };
  },
});
