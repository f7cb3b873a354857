import { type Inventory, inventory } from "../../schemas/inventory.ts";
import type { Agent } from "./agent.ts";
import type { Fleet } from "./fleet.ts";

/** declarationsOf writes the inventory that the fleet's owners keep: part of the keys, most with an owner only. */
export const declarationsOf = (fleet: Fleet): Inventory =>
  inventory.parse({
    owners: { "team-finance": { timezone: "Europe/Berlin" }, "team-web": { timezone: "America/New_York" } },
    keys: fleet.agents.flatMap(entries),
  });

function entries(agent: Agent): object[] {
  const { inventory: declared, credential, name } = agent;
  if (!declared) return [];
  const common = {
    provider: "aws_cloudtrail",
    owner: declared.owner,
    environment: null,
    access: declared.access,
    allowed_networks: declared.networks,
    hours: declared.hours === null ? null : { timezone: agent.zone, ...declared.hours },
    honeytoken: declared.honeytoken,
  };
  if (credential.type === "role") return [{ ...common, name, principal: name }];
  return credential.keys.map((key, i) => ({ ...common, name: i === 0 ? name : `${name}-${i + 1}`, id: key.id }));
}
