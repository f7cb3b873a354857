import type { z } from "zod";
import { DAY_MS, iso } from "../../schemas/duration.ts";
import type { inventory } from "../../schemas/inventory.ts";
import { agentNamed, type Fleet, PRODUCTION, STAGING } from "./fleet.ts";

type InventoryDocument = z.input<typeof inventory>;
type KeyDocument = NonNullable<InventoryDocument["keys"]>[number];

/**
 * demoInventory is what the demo company's owners declared: some keys in full, some in part, some not at all
 * (monthly-invoices, support-bangalore, warehouse-etl), as in life. old-ci was revoked 20 days before the fleet's end.
 */
export function demoInventory(fleet: Fleet): InventoryDocument {
  const declare = (name: string, facts: Partial<KeyDocument>): KeyDocument => {
    const { account, credential, environment, owner } = agentNamed(fleet, name);
    const who =
      credential.kind === "user" ? { id: credential.keyId } : { principal: `arn:aws:iam::${account}:role/${name}` };
    return { name, provider: "aws_cloudtrail", ...who, owner, environment, ...facts };
  };
  return {
    environments: { production: { accounts: [PRODUCTION] }, staging: { accounts: [STAGING] } },
    network_sets: { "ci-runners": ["2001:db8:c000::/36"] },
    owners: { "alice@example.com": { timezone: "America/New_York", email: "alice@example.com" } },
    keys: [
      declare("billing-report-bot", {
        hours: { timezone: "Europe/Berlin", days: "mon-fri", from: "07:00", to: "20:00" },
      }),
      declare("finance-dashboard", { access: "read" }),
      declare("backup-cron", { access: "write", allowed_networks: ["198.51.100.0/24"] }),
      declare("ci-deploy", { access: "write", allowed_networks: ["ci-runners"] }),
      declare("alice", {}),
      declare("legacy-import", { access: "write" }),
      declare("web-app", { access: "write" }),
      declare("auditor", { access: "read" }),
      declare("old-ci", { access: "write", revoked_at: iso(fleet.end - 20 * DAY_MS) }),
    ],
  };
}
