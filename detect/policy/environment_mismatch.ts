import { type DetectEvent, definePolicy } from "../detection.ts";
import type { Foreign } from "../inventory_index.ts";
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
  falsePositives: ["an account, a network or a host stands in the wrong environment of the inventory"],
  check(event, key) {
    if (key?.foreign == null) return null;
    const found = accountOf(event, key.foreign) ?? hostOf(event, key.foreign) ?? networkOf(event, key.foreign);
    if (found === null) return null;
    const { by, where, other } = found;
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
        facts: { by },
      },
    };
  },
});

interface Crossing {
  by: "account" | "host" | "network";
  where: string;
  other: string;
}

function accountOf({ account }: DetectEvent, { accounts }: Foreign): Crossing | null {
  const other = account === null ? undefined : accounts.get(account);
  return other === undefined ? null : { by: "account", where: `in account ${account}`, other };
}

/** hostOf looks where providers that tell the host put it: gateway_log as the account, both access logs as the service that nothing else names. */
function hostOf({ account, service }: DetectEvent, { hostOf: environmentOf }: Foreign): Crossing | null {
  if (environmentOf === null) return null;
  for (const host of [account, service]) {
    const other = host === null ? null : environmentOf(host);
    if (other !== null) return { by: "host", where: `at ${host}`, other };
  }
  return null;
}

function networkOf(event: DetectEvent, { networks }: Foreign): Crossing | null {
  const found = event.src_ip === null ? undefined : networks.find(({ set }) => set.has(event.src_ip!));
  return found === undefined ? null : { by: "network", where: `from ${placeWords(event)}`, other: found.environment };
}
