import { rawHint } from "../fingerprint.ts";
import type { Json, JsonObject } from "../provider.ts";
import { marker } from "./match.ts";
import { setField } from "./rebuild.ts";

/** Values looked for inside longer strings; beyond these only whole strings are compared, so that work stays linear. */
const MAX_INSIDE = 64;
const MIN_ID_INSIDE = 8;
/** A shorter id (`1`) is no secret and equals too much; its own field shows the hint all the same. */
export const MIN_ID = 6;

/** Sweeper cleans one text of a record. */
export type Sweeper = (s: string) => string;

/**
 * createSweeper removes what was found in one place of a record from its other places, and turns key ids into hints. `values` are the
 * secrets and their kinds; those that come later do not count.
 */
export function createSweeper(values: ReadonlyMap<string, string>, keyIds: readonly string[]): Sweeper {
  if (values.size === 0) return (s) => hideIds(s, keyIds);
  const inside = [...values].slice(0, MAX_INSIDE).sort((a, b) => b[0].length - a[0].length);
  return (s) => {
    const kind = values.get(s);
    if (kind !== undefined) return marker(kind);
    let out = s;
    for (const [secret, name] of inside)
      if (out.length > secret.length && out.includes(secret)) out = out.replaceAll(secret, marker(name));
    return hideIds(out, keyIds);
  };
}

/** sweep gives a copy of a value with every text swept, names included. */
export function sweep(value: Json, values: ReadonlyMap<string, string>, keyIds: readonly string[]): Json {
  return walk(value, createSweeper(values, keyIds), values);
}

/** isFindable tells ids that may be looked for inside other text; short ones and numbers are compared whole only. */
export const isFindable = (id: string): boolean => id.length >= MIN_ID_INSIDE && /[A-Za-z]/.test(id);

/** hideIds turns key ids in a text into hints. */
export function hideIds(s: string, keyIds: readonly string[]): string {
  let out = s;
  for (const id of keyIds) {
    if (!out.includes(id) || id === "" || id.includes("…") || id.includes("...")) continue;
    if (out === id && id.length >= MIN_ID) out = rawHint(id);
    else if (isFindable(id)) out = out.replaceAll(id, () => rawHint(id));
  }
  return out;
}

function walk(value: Json, clean: Sweeper, values: ReadonlyMap<string, string>): Json {
  if (typeof value === "string") return clean(value);
  if (typeof value === "number") {
    const kind = values.size === 0 ? undefined : values.get(`${value}`);
    return kind === undefined ? value : marker(kind);
  }
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((v) => walk(v, clean, values));
  return walkObject(value, clean, values);
}

function walkObject(o: JsonObject, clean: Sweeper, values: ReadonlyMap<string, string>): JsonObject {
  const renamed: JsonObject = {};
  let doubles = 1;
  for (const name in o) {
    const shown = clean(name);
    setField(renamed, Object.hasOwn(renamed, shown) ? `${shown}#${++doubles}` : shown, walk(o[name]!, clean, values));
  }
  return renamed;
}
