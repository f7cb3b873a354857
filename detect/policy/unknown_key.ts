import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { placeWords } from "../words.ts";

export default definePolicy({
  id: "unknown_key",
  version: 1,
  title: "Key that the inventory does not list",
  level: "medium",
  weight: 0.4,
  tags: ["attack.t1098.001"],
  needs: ["inventory.complete", "key_uid"],
  undeclared: true,
  runbook: ["Find out who made {key_hint} ({principal}) and why; then declare it, or delete it at the provider."],
  falsePositives: ["a new key was made and not declared yet"],
  check(event, _key, { unlisted }) {
    if (!unlisted || event.key_uid === null || event.key_type !== "long_lived") return null;
    return {
      dimension: event.key_uid,
      level: "medium",
      reasons: [
        `${operationOf(event)} from ${placeWords(event)} with a key that is not in the inventory, which says that it lists every key of ${event.provider}.`,
      ],
      quiet_if: ["The inventory listed this key."],
      anomaly: { parameter: "key_uid", observed: event.key_hint ?? event.key_uid, expected: null, p: null, facts: {} },
    };
  },
});
