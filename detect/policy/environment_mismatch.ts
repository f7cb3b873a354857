import { definePolicy } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { placeWords } from "../words.ts";

export default definePolicy({
  id: "environment_mismatch",
  version: 1,
  title: "Key of one environment used in another",
  level: "high",
  weight: 0.7,
  tags: ["attack.t1078.004"],
  needs: ["inventory.environments"],
  undeclared: false,
  runbook: [
    "Find the machine at {source}: a key of production has no business in another environment, nor the other way round.",
    "Give it a key of its own environment, and rotate {key_hint}: it was copied.",
  ],
  falsePositives: ["an account or a network stands in the wrong environment of the inventory"],
  check(event, key) {
    if (key?.foreign == null) return null;
    const account = event.account === null ? undefined : key.foreign.accounts.get(event.account);
    const network =
      account === undefined && event.src_ip !== null
        ? key.foreign.networks.find(({ set }) => set.has(event.src_ip!))?.environment
        : undefined;
    const other = account ?? network;
    if (other === undefined) return null;
    const where = account === undefined ? `from ${placeWords(event)}` : `in account ${event.account}`;
    return {
      dimension: other,
      level: "high",
      reasons: [`${operationOf(event)} ${where}, which belongs to ${other}; the key belongs to ${key.environment}.`],
      quiet_if: [`The inventory had the key, or where it was used, in the same environment.`],
      anomaly: {
        parameter: "environment",
        observed: other,
        expected: key.environment,
        p: null,
        facts: { by: account === undefined ? "network" : "account" },
      },
    };
  },
});
