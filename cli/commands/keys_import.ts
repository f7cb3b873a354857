import { readFileSync } from "node:fs";
import { ConfigFault } from "../../schemas/faults.ts";
import { emptyInventory, type Inventory, type InventoryKey } from "../../schemas/inventory.ts";
import { inventoryVersions } from "../../schemas/queries/inventory.ts";
import type { App } from "../app.ts";
import { geoFolder, withPublishedSets } from "../geo/sets.ts";
import { addInventory } from "../inventory_store.ts";
import { keyExports } from "../keys/exports.ts";
import { type InventoryDocument, mergeExport } from "../keys/merge.ts";
import { parseInventory, readYaml } from "../load_config.ts";
import { CommandFault, plural } from "../out.ts";
import { inert } from "../table.ts";
import { flag, type StoreCommand, text } from "./command.ts";
import { declarationsNow } from "./keys_observed.ts";

/** keysImport stores a new version of the inventory and says what it changes. Throws ConfigFault with every fault of the file. */
export const keysImport: StoreCommand = async ({ app, args, out }) => {
  const file = text(args.file);
  if (file === null) throw new CommandFault("Name the inventory to import: keywatch keys import keys.yaml.", 2);
  const effectiveAt = timeOf(args.effectiveAt, app.now());
  const from = text(args.from);
  const document = withPublishedSets(
    from === null ? readYaml(file) : await withExport(app, file, from),
    geoFolder(app.config),
  );
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw new ConfigFault(file, [
      "holds no inventory; begin it with `keys:` and a list (`keywatch keys draft` writes one)",
    ]);
  const next = parseInventory(document, file);
  const before = (await declarationsNow(app)).inventory ?? emptyInventory;
  const isNew = await addInventory(app.store, document, effectiveAt, app.parts.fingerprint);
  const changes = inventoryChanges(before, next, app.parts.fingerprint);
  if (isNew) await app.reloadInventory();
  if (flag(args.json)) {
    out.line(
      JSON.stringify({
        kind: "inventory",
        imported: isNew,
        effective_at: new Date(effectiveAt).toISOString(),
        keys: next.keys.length,
        ...changes,
      }),
    );
    return 0;
  }
  if (!isNew) {
    out.line(`${inert(file)} is the newest inventory already; nothing changed.`);
    return 0;
  }
  out.line(
    `Imported ${plural(next.keys.length, "key")}; ${next.keys.length === 1 ? "it holds" : "they hold"} from ${new Date(effectiveAt).toISOString()} on.`,
  );
  for (const name of changes.added) out.line(`  + ${inert(name)}`);
  for (const name of changes.removed) out.line(`  - ${inert(name)}`);
  for (const { name, fields } of changes.changed) out.line(`  ~ ${inert(name)}: ${fields.join(", ")}`);
  if (changes.sections.length > 0) out.line(`  ~ ${changes.sections.join(", ")}`);
  if (changes.added.length + changes.removed.length + changes.changed.length + changes.sections.length === 0)
    out.line("  It says the same as the one before.");
  return 0;
};

/** withExport is the inventory that holds now with the keys of an export in it. */
async function withExport(app: App, file: string, from: string): Promise<InventoryDocument> {
  const kind = keyExports[from];
  if (kind === undefined)
    throw new CommandFault(`--from ${inert(from)} is no export. Known are: ${Object.keys(keyExports).join(", ")}.`, 2);
  const exported = kind.read(readText(file));
  if (exported === null) throw new ConfigFault(file, [`is no ${from}; it is what this gives: ${kind.title}`]);
  const versions = await app.store.ask(inventoryVersions, {});
  const stored = versions.filter((v) => v.effective_ms <= app.now()).at(-1)?.document ?? "{}";
  return mergeExport(JSON.parse(stored) as InventoryDocument, exported, app.parts.fingerprint);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandFault(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, 2);
  }
}

function timeOf(value: unknown, now: number): number {
  if (value === undefined || value === null) return now;
  const ms = Date.parse(String(value));
  if (Number.isNaN(ms))
    throw new CommandFault(
      `--effective-at ${inert(String(value))} is no date; write it like 2027-03-01 or 2027-03-01T09:00:00Z.`,
      2,
    );
  return ms;
}

export interface InventoryChanges {
  added: string[];
  removed: string[];
  changed: { name: string; fields: string[] }[];
  /** Parts of the inventory beside the keys that differ. */
  sections: string[];
}

/** inventoryChanges compares two inventories by the names of their keys. An id and its fingerprint are the same thing. */
export function inventoryChanges(
  before: Inventory,
  after: Inventory,
  fingerprint: (provider: string, id: string) => string,
): InventoryChanges {
  const plain = (k: InventoryKey) => {
    const uid = k.id !== null ? fingerprint(k.provider, k.id) : k.fingerprint;
    return { ...k, id: null, fingerprint: uid?.startsWith(`${k.provider}:`) ? uid.slice(k.provider.length + 1) : uid };
  };
  const old = new Map(before.keys.map((k) => [k.name, plain(k)]));
  const now = new Map(after.keys.map((k) => [k.name, plain(k)]));
  const changed = [...now].flatMap(([name, key]) => {
    const was = old.get(name);
    const fields = was === undefined ? [] : differences(was, key);
    return fields.length === 0 ? [] : [{ name, fields }];
  });
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed,
    sections: differences({ ...before, keys: null }, { ...after, keys: null }),
  };
}

const differences = (a: object, b: object): string[] =>
  Object.keys(b).filter(
    (k) => JSON.stringify((a as Record<string, unknown>)[k]) !== JSON.stringify((b as Record<string, unknown>)[k]),
  );
