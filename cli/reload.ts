import { isDeepStrictEqual } from "node:util";
import { dataStamp } from "../ingest/enrich/data_sets.ts";
import type { Config } from "../schemas/config.ts";
import { ConfigFault } from "../schemas/faults.ts";
import type { App } from "./app.ts";
import { geoFolder } from "./geo/sets.ts";
import { addInventory } from "./inventory_store.ts";
import { type Loaded, readInventoryFile } from "./load_config.ts";
import { levelOf } from "./log.ts";

/** Reloaded says what a reload did. With faults nothing was changed. */
export interface Reloaded {
  faults: string[];
  /** Parts of the config that hold from now on. */
  applied: string[];
  /** Parts that differ and hold only after a restart. */
  restart: string[];
}

/** Reloadable is what a reload reaches: the app of one process, or the roles of one. */
export type Reloadable = Pick<App, "config" | "store" | "now" | "log" | "reloadInventory"> & {
  alerter: Pick<App["alerter"], "reconfigure">;
  parts: Pick<App["parts"], "fingerprint" | "enrich" | "loadEnrich" | "addressData">;
};

/** createReload reads the config again and puts into force what can be changed while it runs: whom to tell, the inventory, address data, the log level. */
export function createReload(app: Reloadable, load: () => Loaded): () => Promise<Reloaded> {
  let turn: Promise<unknown> = Promise.resolve();
  return () => {
    const run = turn.then(() => reload(app, load));
    turn = run.catch(() => undefined);
    return run;
  };
}

async function reload(app: Reloadable, load: () => Loaded): Promise<Reloaded> {
  let next: Config;
  try {
    next = load().config;
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    return refused(app, error.faults);
  }
  const { config } = app;
  const applied: string[] = [];
  try {
    if (await addressDataChanged(app)) applied.push("address data");
    if (await inventoryChanged(app, next)) applied.push("inventory");
    const whom = (["route", "receivers", "alert", "inhibit_rules", "time_intervals"] as const).filter(
      (part) => !isDeepStrictEqual(config[part], next[part]),
    );
    if (whom.length > 0) await app.alerter.reconfigure(next);
    applied.push(...whom);
  } catch (error) {
    // Each part is whole or not at all; what was not reached is tried again by the next reload.
    return refused(app, [(error as Error).message], applied);
  }
  const restart = changes(config, next);
  if (config.log.level !== next.log.level) {
    app.log.level = levelOf(next.log.level);
    applied.push("log.level");
  }
  config.route = next.route;
  config.receivers = next.receivers;
  config.alert = next.alert;
  config.inhibit_rules = next.inhibit_rules;
  config.time_intervals = next.time_intervals;
  config.inventory = next.inventory;
  config.geo = next.geo;
  config.log.level = next.log.level;
  if (restart.length > 0)
    app.log.warn({ parts: restart }, "These parts of the config have changed and hold only after a restart.");
  app.log.info({ parts: applied }, "The config was read again.");
  return { faults: [], applied, restart };
}

function refused(app: Reloadable, faults: string[], applied: string[] = []): Reloaded {
  app.log.error({ faults, applied }, "The new config was refused; the one before stays in force.");
  return { faults, applied, restart: [] };
}

/** Places that were told stay told; what comes from now on is looked up in the new data. */
async function addressDataChanged(app: Reloadable): Promise<boolean> {
  const stamp = dataStamp(geoFolder(app.config));
  if (app.parts.addressData === stamp) return false;
  app.parts.enrich = await app.parts.loadEnrich();
  app.parts.addressData = stamp;
  return true;
}

async function inventoryChanged(app: Reloadable, next: Config): Promise<boolean> {
  if (next.inventory === null) return false;
  const fresh = await addInventory(
    app.store,
    readInventoryFile(next.inventory, app.config),
    app.now(),
    app.parts.fingerprint,
  );
  if (fresh) await app.reloadInventory();
  return fresh;
}

const LIVE = new Set([
  "geo",
  "route",
  "receivers",
  "alert",
  "inhibit_rules",
  "time_intervals",
  "inventory",
  "log.level",
]);

/** changes names what differs and cannot be changed while it runs, one level deep: store.ttl, http.tokens. */
function changes(before: Config, after: Config): string[] {
  const found: string[] = [];
  for (const part of Object.keys(after) as (keyof Config)[]) {
    const was: unknown = before[part];
    const is: unknown = after[part];
    if (LIVE.has(part) || isDeepStrictEqual(was, is)) continue;
    if (!isPlain(was) || !isPlain(is)) found.push(part);
    else
      for (const name of new Set([...Object.keys(was), ...Object.keys(is)]))
        if (!LIVE.has(`${part}.${name}`) && !isDeepStrictEqual(was[name], is[name])) found.push(`${part}.${name}`);
  }
  return found;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** tellReload says in sentences what a reload did. */
export function tellReload(done: Reloaded, note: (text: string) => void): void {
  if (done.faults.length > 0) {
    note("The new config was refused; the one before stays in force:");
    for (const fault of done.faults) note(`  ${fault}`);
    if (done.applied.length > 0) note(`In force before the fault: ${done.applied.join(", ")}`);
    return;
  }
  note(done.applied.length > 0 ? `In force now: ${done.applied.join(", ")}` : "Nothing has changed.");
  if (done.restart.length > 0) note(`Only after a restart: ${done.restart.join(", ")}`);
}
