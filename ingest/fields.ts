import { deadLetter, type Outcome } from "../schemas/outcome.ts";
import { isObject, objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./provider.ts";
import { parseTime } from "./time.ts";

/** field reads a member whose case varies between exports (`callerIpAddress`, `CallerIPAddress`, `calleripaddress`). */
export function field(record: JsonObject | null, name: string): Json | undefined {
  if (record === null) return undefined;
  if (Object.hasOwn(record, name)) return record[name];
  const wanted = name.toLowerCase();
  if (Object.hasOwn(record, wanted)) return record[wanted];
  for (const own in record) if (own.length === wanted.length && own.toLowerCase() === wanted) return record[own];
  return undefined;
}

/** text reads a member of any case as text; numbers become text, words that stand for nothing become null. */
export function text(record: JsonObject | null, name: string): string | null {
  const value = field(record, name);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return said(textOf(value));
}

/** member reads an object of any case, also one written as JSON text. */
export const member = (record: JsonObject | null, name: string): JsonObject | null => objectOf(field(record, name));

/** items gives the objects of a list; an object by itself is a list of one. */
export function items(value: Json | undefined): JsonObject[] {
  if (Array.isArray(value)) return value.filter(isObject);
  return isObject(value) ? [value] : [];
}

/** texts gives the texts of a list, or of a text alone. */
export function texts(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map(textOf).filter((t) => t !== null);
}

/** Words by which exporters and people say that there is nothing to say. */
const PLACEHOLDERS = /^(-|--|\.{2,}|none|null|nil|undefined|n\/a|unknown|\[?redacted\]?|\*+)$/i;

/** said gives the text where it says something. */
export const said = (text: string | null): string | null =>
  text === null || (text.length <= 12 && PLACEHOLDERS.test(text)) ? null : text;

/**
 * timeOf takes the first of the values that is a time. Null means that the record holds none, and the event gets the time of its
 * arrival; a dead letter means that it holds one which is no time, which is a broken clock and not an absent one.
 */
export function timeOf(...values: readonly (Json | undefined)[]): number | null | Outcome<never> {
  let odd = false;
  for (const value of values) {
    if (value === undefined || value === null || value === "") continue;
    const time = parseTime(value);
    if (time !== null) return time;
    odd ||= typeof value !== "string" || said(value) !== null;
  }
  return odd ? deadLetter("the time is no time between 2000 and 2100") : null;
}

/** isFault tells the dead letter of timeOf from a time. */
export const isFault = (time: number | null | Outcome<never>): time is Outcome<never> =>
  typeof time === "object" && time !== null;
