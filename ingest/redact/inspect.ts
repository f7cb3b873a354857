import { codeAt } from "../../schemas/code_at.ts";
import type { Json, JsonObject } from "../provider.ts";
import { credentialNext } from "./commands.ts";
import { looksRandom } from "./entropy.ts";
import { createHidings, hide } from "./hide.ts";
import { LATELY, type NameVerdict } from "./names.ts";
import { MAX_DEPTH, pairKind, type Step } from "./rebuild.ts";
import { isOneTimeCode, isSecretMember, isSecretNumber, isTrivial, isWeakSuspect } from "./value.ts";

/** Inspector tells what of a record may stay as it is. */
export interface Inspector {
  /** The fast way of the redactor: the raw text with its key ids hidden, or null when a secret must go. */
  record(text: string, record: JsonObject, keyIds: readonly string[]): string | null;
  /** True where a member, or an element, of the record looked at last may stay; `under` is the credential name above it. */
  member(of: JsonObject, name: string, above: NameVerdict | null, under: boolean, depth: number): boolean;
  element(of: Json[], at: number, verdict: NameVerdict, under: boolean, depth: number): boolean;
  /** After a "no", the way to what must go, the outermost step last; what stands before it at each level was found clean. */
  readonly stopped: Step[];
}

export interface InspectorParts {
  names(name: string): NameVerdict;
  isClean(s: string): boolean;
  /** True where cleaning a string does no more than hide these ids. */
  isHidden(s: string, keyIds: readonly string[]): boolean;
}

const SHORT = 6;
/** Values of this length are not remembered. */
const LONG = 128;
/** The shortest member that a text may hold unseen, `"":0,`. */
const MEMBER = 5;

/**
 * createInspector walks a record once and changes nothing. While it walks it adds up the length that the record's JSON must have:
 * a text of another length holds what the parsed value does not show (a field given twice), so then the value is written anew.
 * `under` says that a field above has the name of a credential; then only what a name calls harmless may stay (see leaf in rebuild.ts).
 */
export function createInspector(of: InspectorParts): Inspector {
  const hidingOf = createHidings();
  let ids: readonly string[] = [];
  let size = 0;
  let strings = 0;
  let spared = 0;
  const stopped: Step[] = [];

  const clean = (v: string, { lately }: NameVerdict): boolean => {
    if (v.length < SHORT) return true;
    const place = (v.length + codeAt(v, v.length - 1)) % LATELY;
    if (lately[place] === v) return true;
    if (!of.isClean(v)) return ids.length > 0 && of.isHidden(v, ids);
    if (v.length < LONG) lately[place] = v;
    return true;
  };

  const string = (v: string, verdict: NameVerdict, under: boolean): boolean => {
    size += v.length + 2;
    strings++;
    switch (verdict.sort) {
      case "key_id":
        return (
          v.length === 0 || (ids.includes(v) && hidingOf(v).how !== "never") || v.includes("…") || v.includes("...")
        );
      case "secret":
        return isTrivial(v);
      case "weak":
      case "page":
        if (isWeakSuspect(verdict, v)) return false;
        return (!under || isTrivial(v)) && clean(v, verdict);
      case "safe":
        return !(under && looksRandom(v) && !isTrivial(v)) && clean(v, verdict);
      default:
        return (!under || isTrivial(v)) && clean(v, verdict);
    }
  };

  const any = (v: Json, verdict: NameVerdict, under: boolean, depth: number): boolean => {
    if (typeof v === "string") return string(v, verdict, under);
    if (typeof v === "object" && v !== null) {
      if (depth >= MAX_DEPTH) return false;
      const inside = under || verdict.sort === "secret";
      return Array.isArray(v) ? list(v, verdict, inside, depth) : object(v, verdict, inside, depth);
    }
    if (v === null || v === true) size += 4;
    else if (v === false) size += 5;
    else if ((under || verdict.sort === "secret") && isSecretNumber(v, verdict)) return false;
    else number(v);
    return true;
  };

  /** number adds the usual text of a number, and what another spelling could spare: 1e6 for 1000000. */
  const number = (v: number): void => {
    const magnitude = Math.abs(v);
    if (Number.isInteger(v) && magnitude <= Number.MAX_SAFE_INTEGER) {
      size += digitsOf(magnitude) + (v < 0 ? 1 : 0);
      if (magnitude >= 1000 && magnitude % 1000 === 0) spared += zerosOf(magnitude) - 2;
      return;
    }
    size += `${v}`.length;
    // A fraction from 0.01 on has no shorter spelling.
    if (!(magnitude >= 0.01 && magnitude < 1e15)) spared += MEMBER;
  };

  const element = (values: Json[], i: number, verdict: NameVerdict, under: boolean, depth: number): boolean => {
    const v = values[i]!;
    if (typeof v === "string" && i > 0 && credentialNext(values[i - 1], v, of.names) !== null) return false;
    return any(v, verdict, under, depth + 1);
  };

  const list = (values: Json[], verdict: NameVerdict, under: boolean, depth: number): boolean => {
    size += values.length === 0 ? 2 : values.length + 1;
    for (let i = 0; i < values.length; i++) {
      if (element(values, i, verdict, under, depth)) continue;
      stopped.push(i);
      return false;
    }
    return true;
  };

  const member = (o: JsonObject, name: string, above: NameVerdict | null, under: boolean, depth: number): boolean => {
    const v = o[name]!;
    const verdict = of.names(name);
    size += name.length + 3;
    if (verdict.part === "value" && pairKind(o, of.names) !== null) return false;
    if (verdict.part === "secret_data" && o.kind === "Secret") return false;
    if (under && isSecretMember(name)) return false;
    if (above !== null && above.kind === "one_time_code" && isOneTimeCode(above, name, v)) return false;
    if (name.length >= 16) {
      verdict.clean ??= of.isClean(name);
      if (!verdict.clean) return false;
    }
    return any(v, verdict, under, depth + 1);
  };

  const object = (o: JsonObject, above: NameVerdict | null, under: boolean, depth: number): boolean => {
    let fields = 0;
    for (const name in o) {
      // A provider took it out, and JSON does not write it.
      if (o[name] === undefined) continue;
      fields++;
      if (member(o, name, above, under, depth)) continue;
      stopped.push(name);
      return false;
    }
    strings += fields;
    size += fields === 0 ? 2 : fields + 1;
    return true;
  };

  return {
    stopped,
    member,
    element,
    record(text, record, keyIds) {
      ids = keyIds;
      size = strings = spared = stopped.length = 0;
      for (const id of keyIds) if (hidingOf(id).how === "parsed") return null;
      if (!object(record, null, false, 0)) return null;
      const faithful = size === text.length && (spared === 0 || isPlainSpelled(text, spared, strings));
      return hide(faithful ? text : JSON.stringify(record), keyIds, hidingOf);
    },
  };
}

/**
 * isPlainSpelled: no escapes, and no field that stands twice: it could hide only where other spellings of numbers spare its length,
 * and then there are more strings than the parsed value has.
 */
function isPlainSpelled(text: string, spared: number, strings: number): boolean {
  if (text.includes("\\")) return false;
  if (spared < MEMBER) return true;
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
  return quotes === 2 * strings;
}

function zerosOf(v: number): number {
  let zeros = 0;
  for (let rest = v; rest % 10 === 0; rest /= 10) zeros++;
  return zeros;
}

function digitsOf(v: number): number {
  let digits = 1;
  for (let bound = 10; v >= bound; bound *= 10) digits++;
  return digits;
}
