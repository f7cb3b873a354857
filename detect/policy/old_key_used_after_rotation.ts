import { formatDuration, iso } from "../../schemas/duration.ts";
import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";

export default definePolicy({
  id: "old_key_used_after_rotation",
  version: 1,
  title: "Key used although it was replaced",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1078.004"],
  needs: ["inventory.rotation", "key_uid"],
  undeclared: false,
  runbook: [
    "Ask {owner} which machine still holds {key_hint}: {source} does.",
    "Move it to the successor, then delete {key_hint} at the provider. If nobody knows the machine: delete it now.",
  ],
  falsePositives: ["one machine was forgotten when the key was rotated"],
  check(event, key) {
    const at = key?.replacedAt ?? null;
    if (at === null || event.time <= at) return null;
    // Once it is revoked, that is what is told.
    if (key?.revoked_at != null && event.time > key.revoked_at) return null;
    return {
      dimension: event.outcome === "success" ? "" : "refused",
      level: event.outcome === "success" ? "medium" : "low",
      reasons: [
        `${operationOf(event)} (${event.outcome}) ${formatDuration(event.time - at)} after the overlap with its successor ended (${iso(at)}).`,
      ],
      quiet_if: ["The `overlap` of its successor's rotation had been longer."],
      anomaly: {
        parameter: "time after rotation",
        observed: formatDuration(event.time - at),
        expected: "no use",
        p: null,
        facts: { replaced_at: iso(at), outcome: event.outcome },
      },
    };
  },
});
