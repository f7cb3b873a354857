import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";

export default definePolicy({
  id: "scope_not_granted",
  version: 1,
  title: "Call outside the declared scopes of the key",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1078.004"],
  needs: ["inventory.scopes", "operation"],
  undeclared: false,
  runbook: [
    "Ask {owner} whether {key_hint} needs {operation}; if it does, add it to `scopes`.",
    "If not: find out who called it, and let the provider refuse it.",
  ],
  falsePositives: ["a deployment brought a new call and the inventory was not told"],
  check(event, key) {
    if (key?.inScope == null) return null;
    const operation = operationOf(event);
    if (key.inScope(operation)) return null;
    const succeeded = event.outcome === "success";
    return {
      dimension: operation,
      level: succeeded ? "medium" : "low",
      reasons: [
        `${operation} is outside the declared scopes (${key.scopes!.slice(0, 5).join(", ")}); it ${succeeded ? "succeeded" : `was refused (${event.error_code ?? event.outcome})`}.`,
      ],
      quiet_if: [`\`scopes\` in the inventory held ${operation}.`],
      anomaly: {
        parameter: "operation",
        observed: operation,
        expected: key.scopes!.slice(0, 10).join(", "),
        p: null,
        facts: { outcome: event.outcome },
      },
    };
  },
});
