import { isWrite } from "../../schemas/activity.ts";
import { formatDuration, iso } from "../../schemas/duration.ts";
import type { Severity } from "../../schemas/severity.ts";
import { type DetectEvent, definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";

export default definePolicy({
  id: "key_used_after_revocation",
  version: 1,
  title: "Revoked key is still used",
  level: "critical",
  weight: 1,
  tags: ["attack.t1078.004"],
  needs: ["key_uid"],
  undeclared: true,
  ofRevoked: true,
  runbook: [
    "A call that succeeded: the key was not revoked everywhere. Delete it at the provider now and check that no copy of it was made active again.",
    "A call that was refused tells who still holds the key: find {source} and remove it there.",
  ],
  falsePositives: ["the provider needs a few seconds until a revocation is known everywhere"],
  check(event, key, { revokedInLog, propagationMs }) {
    const declared = key?.revoked_at ?? null;
    const at = declared === null ? revokedInLog : revokedInLog === null ? declared : Math.min(declared, revokedInLog);
    if (at === null || event.time <= at) return null;
    const after = event.time - at;
    const propagating = after <= propagationMs;
    const { level, dimension } = grade(event, propagating);
    return {
      dimension,
      level,
      reasons: [
        `${operationOf(event)} (${event.outcome}) ${formatDuration(after)} after the key was revoked (${iso(at)}, ${declared === at ? "inventory" : "seen in the log"}).`,
        ...(propagating ? [`Within ${formatDuration(propagationMs)} a revocation may not be known everywhere.`] : []),
      ],
      quiet_if: ["The key had not been used after its revocation."],
      anomaly: {
        parameter: "time after revocation",
        observed: formatDuration(after),
        expected: "no use",
        p: null,
        facts: { revoked_at: iso(at), outcome: event.outcome },
      },
    };
  },
});

function grade(event: DetectEvent, propagating: boolean): { level: Severity; dimension: string } {
  if (propagating)
    return isWrite(event)
      ? { level: "high", dimension: "propagating write" }
      : { level: "informational", dimension: "propagating read" };
  return event.outcome === "success"
    ? { level: "critical", dimension: "success" }
    : { level: "medium", dimension: "refused" };
}
