import { DAY_MS, dayOf, formatDuration } from "../../schemas/duration.ts";
import { definePosture } from "../detection.ts";

export default definePosture({
  id: "rotation_overdue",
  version: 1,
  title: "Key is older than it may be",
  level: "low",
  weight: 0.1,
  tags: ["attack.t1078.004"],
  needs: ["inventory.rotation"],
  runbook: [
    "Make a successor of {key_hint}, declare it with `rotation.replaces`, and let {owner} move over.",
    "`keywatch keys revoke-preview` tells who still uses the old one.",
  ],
  falsePositives: ["the key was rotated and the inventory not told"],
  posture(key, { now, firstUse }) {
    const maxAge = key.rotation?.max_age ?? null;
    const made = key.rotation?.created_at ?? firstUse;
    if (maxAge === null || made === null || now < made + maxAge) return null;
    // Its successor is there, and the overlap is over: old_key_used_after_rotation speaks from here on.
    if (key.replacedAt !== null && now >= key.replacedAt) return null;
    const declared = key.rotation?.created_at != null;
    return {
      dimension: "",
      bucket: dayOf(made + maxAge) * DAY_MS,
      level: "low",
      reasons: [
        `${declared ? "It was made" : "It is in use since at least"} ${dateOf(made)} and may be ${formatDuration(maxAge)} old, so its rotation was due on ${dateOf(made + maxAge)}.`,
      ],
      quiet_if: ["A successor was declared with `rotation.replaces`, or `rotation.created_at` was later."],
      anomaly: {
        parameter: "age of the key",
        observed: `since ${dateOf(made)}`,
        expected: `at most ${formatDuration(maxAge)}`,
        p: null,
        facts: { due: dateOf(made + maxAge), made_declared: declared },
      },
    };
  },
});

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
