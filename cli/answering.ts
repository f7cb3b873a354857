import type { OwnerAddress } from "../alert/channel.ts";
import { createInbound, type Inbound } from "../alert/inbound/inbound.ts";
import type { Store } from "../schemas/store/store.ts";
import type { App } from "./app.ts";
import { readInventory } from "./inventory_store.ts";

/** inboundOf takes answers from Slack, mails and other tools. In role mode the commands go to whoever alerts. */
export const inboundOf = (app: Pick<App, "config" | "alerter" | "links" | "now" | "log">): Inbound =>
  createInbound({
    receivers: () => app.config.receivers,
    desk: app.alerter,
    links: app.links,
    now: app.now,
    log: (level, sentence, facts) => app.log[level](facts, sentence),
  });

/** ownersIn gives where owners are asked, by the newest inventory in the store; questions are rare, so it is read each time. */
export const ownersIn =
  (store: Store) =>
  async (owner: string): Promise<OwnerAddress | null> => {
    const owners = (await readInventory(store)).at(-1)?.inventory.owners ?? {};
    const found = Object.hasOwn(owners, owner) ? owners[owner] : undefined;
    return found ? { email: found.email ?? null, slack: found.slack ?? null } : null;
  };
