import { formatDuration, iso } from "../../schemas/duration.ts";
import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";

export default definePolicy({
  id: "key_used_after_expiry",
  version: 1,
  title: "Key used after its declared end",
  level: "high",
  weight: 0.8,
  tags: ["attack.t1078.004"],
  needs: ["inventory.expires_at"],
  undeclared: false,
  runbook: [
    "Ask {owner} whether {key_hint} is still needed.",
    "If not: delete it at the provider. If yes: rotate it and set a new `expires_at`.",
  ],
  falsePositives: ["the end was moved and the inventory not"],
  check(event, key) {
    const at = key?.expires_at ?? null;
    if (at === null || event.time <= at) return null;
    return {
      dimension: event.outcome === "success" ? "success" : "refused",
      level: event.outcome === "success" ? "high" : "low",
      reasons: [
        `${operationOf(event)} (${event.outcome}) ${formatDuration(event.time - at)} after the declared end ${iso(at)}.`,
      ],
      quiet_if: ["`expires_at` lay in the future."],
      anomaly: {
        parameter: "time after expiry",
        observed: formatDuration(event.time - at),
        expected: "no use",
        p: null,
        facts: { expires_at: iso(at) },
      },
    };
  },
});
