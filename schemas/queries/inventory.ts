import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

/** Every version of the inventory, oldest first. */
export const inventoryVersions = defineQuestion<
  Record<string, never>,
  { effective_ms: number; checksum: string; document: string }
>({
  name: "inventory_versions",
  sql: `SELECT toUnixTimestamp64Milli(effective_at) AS effective_ms, checksum, document
FROM inventory_versions FINAL ORDER BY effective_at, updated_at`,
  row: z.object({ effective_ms: z.number(), checksum: z.string(), document: z.string() }),
});

/** A mark that changes with every version. */
export const inventoryMark = defineQuestion<Record<string, never>, { mark: string }>({
  name: "inventory_mark",
  sql: "SELECT concat(toString(count()), ' ', toString(max(updated_at))) AS mark FROM inventory_versions",
  row: z.object({ mark: z.string() }),
});
