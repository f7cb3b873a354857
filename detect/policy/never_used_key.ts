import { DAY_MS, dayOf } from "../../schemas/duration.ts";
import { definePosture, POSTURE_DAYS } from "../detection.ts";

export default definePosture({
  id: "never_used_key",
  version: 1,
  title: "Key was never used",
  level: "low",
  weight: 0.1,
  tags: ["attack.t1078.004"],
  needs: ["inventory.keys", "key_uid"],
  runbook: [
    "Ask {owner} what {key_hint} is for.",
    "Nobody knows: delete it at the provider. A key that nobody uses is missed by nobody, and can still be stolen.",
  ],
  falsePositives: ["a key for emergencies", "the log of the provider does not hold its calls"],
  posture(key, { now, firstUse, watchedSince }) {
    if (firstUse !== null || key.honeytoken || now < watchedSince + POSTURE_DAYS * DAY_MS) return null;
    const since = new Date(watchedSince).toISOString().slice(0, 10);
    return {
      dimension: "",
      bucket: dayOf(watchedSince + POSTURE_DAYS * DAY_MS) * DAY_MS,
      level: "low",
      reasons: [`The inventory lists it, and it was not used once since ${since}, when it was first watched.`],
      quiet_if: [`The key had been used once, or had been watched for less than ${POSTURE_DAYS} days.`],
      anomaly: { parameter: "uses", observed: 0, expected: "at least 1", p: null, facts: { watched_since: since } },
    };
  },
});
