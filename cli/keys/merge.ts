import type { ExportedKey } from "./exports.ts";

/** A key of a stored inventory document: as it was written, with the fingerprint in the place of the id. */
export type DocumentKey = Record<string, unknown> & { name: string; provider: string };
export interface InventoryDocument {
  keys?: DocumentKey[];
  [section: string]: unknown;
}

/**
 * mergeExport adds the keys of an export to an inventory. What the owner declared stays; of a known key only what was not said is filled in.
 * Keys that the export does not name stay too: an export is of one provider, and seldom of all.
 */
export function mergeExport(
  document: InventoryDocument,
  exported: readonly ExportedKey[],
  fingerprint: (provider: string, id: string) => string,
): InventoryDocument {
  const keys = (document.keys ?? []).map((key) => ({ ...key }));
  const names = new Set(keys.map((key) => key.name));
  for (const { id, ...rest } of exported) {
    const key: ExportedKey = id === undefined ? rest : { ...rest, fingerprint: fingerprint(rest.provider, id) };
    const known = keys.find((k) => isSame(k, key));
    if (known !== undefined) {
      for (const [field, value] of Object.entries(key)) if (known[field] == null) known[field] = value;
      continue;
    }
    const name = free(key.name, names);
    names.add(name);
    keys.push({ ...key, name });
  }
  return { ...document, keys };
}

const isSame = (a: DocumentKey, b: ExportedKey): boolean =>
  a.provider === b.provider &&
  (b.fingerprint !== undefined
    ? a.fingerprint === b.fingerprint || `${a.provider}:${String(a.fingerprint)}` === b.fingerprint
    : b.principal !== undefined && a.principal === b.principal);

function free(name: string, taken: ReadonlySet<string>): string {
  let shown = name;
  for (let n = 2; taken.has(shown); n++) shown = `${name}-${n}`;
  return shown;
}
