import { createHash } from "node:crypto";
import type { InventoryVersion } from "../detect/inventory_index.ts";
import { inventoryVersions } from "../schemas/queries/inventory.ts";
import type { Store } from "../schemas/store/store.ts";
import { parseInventory } from "./load_config.ts";

/** readInventory gives every stored version; the document is kept as it was written and parsed again. */
export async function readInventory(store: Store): Promise<InventoryVersion[]> {
  const rows = await store.ask(inventoryVersions, {});
  return rows.map((r) => ({
    effective_at: r.effective_ms,
    inventory: parseInventory(JSON.parse(r.document), "stored inventory"),
  }));
}

/**
 * addInventory stores a new version unless the newest one is the same. It holds from `effectiveAt` on: an event is judged by the
 * inventory of its time. Key ids are replaced by fingerprints first: the store keeps no key. Gives whether it was new.
 */
export async function addInventory(
  store: Store,
  document: unknown,
  effectiveAt: number,
  fingerprint: (provider: string, id: string) => string,
): Promise<boolean> {
  parseInventory(document, "inventory");
  const text = JSON.stringify(withoutKeyIds(document, fingerprint));
  const checksum = createHash("sha256").update(text).digest("hex");
  const known = await store.ask(inventoryVersions, {});
  if (known.at(-1)?.checksum === checksum) return false;
  await store.insert("inventory_versions", [
    {
      effective_at: new Date(effectiveAt).toISOString(),
      checksum,
      document: text,
      updated_at: new Date().toISOString(),
    },
  ]);
  return true;
}

function withoutKeyIds(document: unknown, fingerprint: (provider: string, id: string) => string): unknown {
  const inventory = structuredClone(document) as {
    keys?: { id?: string | null; provider: string; fingerprint?: string }[];
  };
  for (const key of inventory.keys ?? []) {
    if (typeof key.id !== "string") continue;
    key.fingerprint = fingerprint(key.provider, key.id);
    delete key.id;
  }
  return inventory;
}
