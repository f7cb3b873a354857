import { DAY_MS, dayOf } from "../../schemas/duration.ts";
import { definePosture, POSTURE_DAYS } from "../detection.ts";
import { plural } from "../words.ts";

const MAX_NAMED = 6;

export default definePosture({
  id: "unused_permission",
  version: 1,
  title: "Key may do what it never does",
  level: "low",
  weight: 0.1,
  tags: ["attack.t1098"],
  needs: ["inventory.granted", "operation"],
  runbook: ["Take the unused permissions from {key_hint} at the provider, then from `granted` in the inventory."],
  falsePositives: ["a permission is used once a year", "the log of the provider leaves these calls out"],
  posture(key, { now, firstUse, watchedSince, operations }) {
    // What was never used at all is another finding.
    if (key.granted === null || firstUse === null) return null;
    const since = Math.max(firstUse, watchedSince);
    if (now < since + POSTURE_DAYS * DAY_MS) return null;
    const unused = key.granted.filter((granted) => !operations.some((used) => grants(granted, used)));
    if (unused.length === 0) return null;
    return {
      dimension: "",
      bucket: dayOf(since + POSTURE_DAYS * DAY_MS) * DAY_MS,
      level: "low",
      reasons: [
        `${plural(unused.length, "permission")} of ${key.granted.length} not used in ${POSTURE_DAYS} days: ${unused.slice(0, MAX_NAMED).join(", ")}${unused.length > MAX_NAMED ? " …" : ""}.`,
      ],
      quiet_if: ["Each permission under `granted` had been used, or had been taken away."],
      anomaly: {
        parameter: `permissions without a call in ${POSTURE_DAYS} days`,
        observed: unused.length,
        expected: 0,
        p: null,
        facts: { granted: key.granted.length, operations: operations.length },
      },
    };
  },
});

/** grants tells whether a permission such as `s3:Get*` covers an operation such as `s3:GetObject`. */
function grants(granted: string, operation: string): boolean {
  const pattern = granted
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`, "i").test(operation);
}
