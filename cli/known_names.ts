import { existsSync } from "node:fs";
import { parse } from "node:path";
import { catalogue } from "../detect/catalogue.ts";
import { providerFiles } from "../ingest/provider_folder.ts";
import { builtIn } from "../ingest/registry.ts";
import type { Config } from "../schemas/config.ts";
import { nearest } from "../schemas/faults.ts";
import { fleetDetections } from "../schemas/fleet.ts";
import type { Inventory } from "../schemas/inventory.ts";

/** providerNames gives what a config may call a provider: those that ship, its own maps, and the files of its own folder. */
function providerNames({ generic, providers }: Pick<Config, "generic" | "providers">): string[] {
  const own = providers !== null && existsSync(providers) ? providerFiles(providers) : [];
  return [...builtIn.map((p) => p.id), ...Object.keys(generic), ...own.map((file) => parse(file).name)];
}

/** nameFaults names providers and detections that there are not: a misspelt one would switch off what it was meant for, without a word. */
export function nameFaults(c: Config): string[] {
  const providers = providerNames(c);
  const detections = [...catalogue.map((d) => d.id), ...fleetDetections];
  const faults: string[] = [];
  for (const [i, source] of c.sources.entries())
    if ("provider" in source && source.provider !== "auto")
      faults.push(...unknown(`sources[${i}].provider`, "provider", source.provider, providers));
  for (const name of Object.keys(c.detect.lateness))
    faults.push(...unknown(`detect.lateness.${name}`, "provider", name, providers));
  // Rules of one's own have names of their own.
  if (c.detect.rules === null)
    for (const name of Object.keys(c.detect.detections))
      faults.push(...unknown(`detect.detections.${name}`, "detection", name, detections));
  return faults;
}

/** inventoryNameFaults names providers of declared keys that there are not: such a key would never be matched. */
export function inventoryNameFaults(inventory: Inventory, c: Pick<Config, "generic" | "providers">): string[] {
  const providers = providerNames(c);
  return inventory.keys.flatMap((key, i) => unknown(`keys[${i}].provider`, "provider", key.provider, providers));
}

function unknown(path: string, what: string, name: string, known: readonly string[]): string[] {
  if (known.includes(name)) return [];
  const near = nearest(name, known);
  return [`${path}: there is no ${what} "${name}"${near === null ? "" : `, did you mean "${near}"?`}`];
}
