import type { Json, JsonObject } from "./provider.ts";

/** isObject tells a JSON object from arrays, null and scalars. */
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** textOf gives a string that says something; empty ones, and values of other kinds, are null. */
export const textOf = (value: Json | undefined): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** objectOf gives the object, also one written as JSON text, as databases and forwarders flatten it; null for all else. */
export function objectOf(value: Json | undefined): JsonObject | null {
  if (typeof value === "object") return value === null || Array.isArray(value) ? null : value;
  return typeof value === "string" ? parseObject(value) : null;
}

/** parseObject reads JSON text that must be an object; null where it is none. */
export function parseObject(text: string): JsonObject | null {
  if (!/^\s*\{/.test(text)) return null;
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** numberOf reads a number or the text of one, NaN for all else; Number() itself throws on an object with fields named like its methods. */
export const numberOf = (value: Json | undefined): number =>
  typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
