import { isObject } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";

const MAX_DEPTH = 32;

/** notKept is what stands for a text or a number that nobody may see. */
export const notKept = (value: string | number): string => (value === "" ? "" : "[not kept]");

/**
 * veiled leaves the shape of a value and takes out each text and number, by `word`; a number may be a PIN. With `names` those of members
 * go too: they are counted instead, for they may be data.
 */
export function veiled(
  value: Json,
  word: (value: string | number) => string = notKept,
  names = false,
  depth = 0,
): Json {
  if (typeof value === "string" || typeof value === "number") return word(value);
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => veiled(item, word, names, depth + 1));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  let n = 0;
  for (const name in value) out[names ? `[name ${++n}]` : name] = veiled(value[name] ?? null, word, names, depth + 1);
  return out;
}
