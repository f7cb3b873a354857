import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { plural } from "../words.ts";

/** Places where a provider writes a credential by design; without its other half it opens nothing. */
const BY_DESIGN = /(^|\.)(responseElements\.credentials\.sessionToken|additionalEventData\.signinToken)$/;

export default definePolicy({
  id: "secret_in_log",
  version: 1,
  title: "A secret stands in the log",
  level: "high",
  weight: 0.7,
  tags: ["attack.t1552.001"],
  needs: ["raw"],
  undeclared: true,
  runbook: [
    "Everybody who can read this log could read the secret: rotate it at its provider now.",
    "Ask {owner} why {operation} got it as a parameter, and move it to a secret store.",
    "keywatch kept only its kind and place; remove it from the log at the source too.",
  ],
  falsePositives: ["an example or placeholder value looks like a key"],
  check(event) {
    if (event.secrets.length === 0) return null;
    const found = event.secrets.filter((s) => !BY_DESIGN.test(s.slice(s.indexOf("@") + 1)));
    if (found.length === 0) return null;
    const kinds = [...new Set(found.map((s) => s.slice(0, s.indexOf("@"))))].sort();
    return {
      dimension: kinds.join(","),
      level: "high",
      reasons: [
        `The record of ${operationOf(event)} holds ${plural(found.length, "secret")}: ${kinds.join(", ")}.`,
        `Place: ${found
          .map((s) => s.slice(s.indexOf("@") + 1))
          .slice(0, 3)
          .join(", ")}.`,
      ],
      quiet_if: ["No value in the record looked like a credential."],
      anomaly: {
        parameter: "secrets in the record",
        observed: found.length,
        expected: 0,
        p: null,
        facts: { kinds: kinds.join(",") },
      },
    };
  },
});
