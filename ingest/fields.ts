import { codeAt } from "../schemas/code_at.ts";
import { deadLetter, type Outcome } from "../schemas/outcome.ts";
import { isObject, objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./provider.ts";
import { rememberingNames } from "./recent.ts";
import { parseTime } from "./time.ts";

/** field reads a member by its name, or by its name in small letters, which is what warehouses make of it. */
export function field(record: JsonObject | null, name: string): Json | undefined {
  if (record === null) return undefined;
  if (Object.hasOwn(record, name)) return record[name];
  const small = smallOf(name);
  return small !== name && Object.hasOwn(record, small) ? record[small] : undefined;
}

/** anyField reads a member whose case varies between exports (`callerIpAddress`, `CallerIPAddress`); it costs a look at every name. */
export function anyField(record: JsonObject | null, name: string): Json | undefined {
  const found = field(record, name);
  if (found !== undefined || record === null) return found;
  const wanted = smallOf(name);
  const first = codeAt(wanted, 0) | 32;
  for (const own in record)
    if (own.length === wanted.length && (codeAt(own, 0) | 32) === first && own.toLowerCase() === wanted)
      return record[own];
  return undefined;
}

/** Names in small letters by name: an engine finds a member by a string that it knows much sooner than by one just made. */
const smallOf = rememberingNames((name) => name.toLowerCase());

/** text reads a member as text; numbers become text, words that stand for nothing become null. */
export const text = (record: JsonObject | null, name: string): string | null => wordOf(field(record, name));
export const anyText = (record: JsonObject | null, name: string): string | null => wordOf(anyField(record, name));

/** What is longer says nothing more, and no pattern of a provider has to bear megabytes; the longest keys are tokens of some KB. */
const MAX_WORD = 16 * 1024;

/** wordOf is the text of a value that says something. */
export function wordOf(value: Json | undefined): string | null {
  if (typeof value === "string") return said(value.length > MAX_WORD ? value.slice(0, MAX_WORD) : value);
  return typeof value === "number" && Number.isFinite(value) ? String(value) : null;
}

/** member reads an object, also one written as JSON text. */
export const member = (record: JsonObject | null, name: string): JsonObject | null => objectOf(field(record, name));
export const anyMember = (record: JsonObject | null, name: string): JsonObject | null =>
  objectOf(anyField(record, name));

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
const PLACEHOLDERS = /^(|-|--|\.{2,}|none|null|nil|undefined|n\/a|unknown|\[?redacted\]?|\*+)$/i;

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
