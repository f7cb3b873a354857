import { rawHint } from "../fingerprint.ts";
import type { Json, JsonObject } from "../provider.ts";
import { createRecent } from "../recent.ts";
import { looksRandom } from "./entropy.ts";
import type { NameVerdict } from "./names.ts";
import { isCredentialNext, MAX_DEPTH, pairKind } from "./rebuild.ts";
import { isFindable } from "./sweep.ts";
import { isTrivial } from "./value.ts";

/** Inspector is the fast way of the redactor: the raw text with its key ids hidden, or null when a secret must go. */
export type Inspector = (text: string, record: JsonObject, keyIds: readonly string[]) => string | null;

const SHORT = 6;

/**
 * createInspector walks a record once and changes nothing. While it walks it adds up the length that the record's JSON must have:
 * a text of another length holds what the parsed value does not show (a field given twice), so then the value is written anew.
 */
export function createInspector(of: { names(name: string): NameVerdict; isClean(s: string): boolean }): Inspector {
  let ids: readonly string[] = [];
  let size = 0;
  let exact = true;

  const hints = createRecent<string>(14, 256);
  /** hintOf gives the hint of an id that can be hidden in JSON text, and "" for one that cannot; ids repeat. */
  const hintOf = (id: string): string => {
    let hint = hints.get(id);
    if (hint === undefined) {
      hint = isPlainId(id) ? rawHint(id) : "";
      hints.set(id, hint);
    }
    return hint;
  };

  const string = (v: string, verdict: NameVerdict): boolean => {
    size += v.length + 2;
    switch (verdict.sort) {
      case "key_id":
        return v.length === 0 || ids.includes(v) || v.includes("…") || v.includes("...");
      case "secret":
        return isTrivial(v);
      case "weak":
      case "page":
        if (v.length >= 16 && (verdict.kind === "signature" || looksRandom(v))) return false;
        return v.length < SHORT || of.isClean(v);
      default:
        return v.length < SHORT || of.isClean(v);
    }
  };

  const any = (v: Json, verdict: NameVerdict, depth: number): boolean => {
    if (typeof v === "string") return string(v, verdict);
    if (typeof v === "object" && v !== null) {
      if (depth >= MAX_DEPTH) return false;
      return Array.isArray(v) ? list(v, verdict, depth) : verdict.sort === "secret" ? isEmpty(v) : object(v, depth);
    }
    if (v === null || v === true) size += 4;
    else if (v === false) size += 5;
    else number(v);
    return true;
  };

  /** number adds the shortest text of a number; where another spelling could be shorter the text is not relied upon. */
  const number = (v: number): void => {
    if (Number.isInteger(v) && v > -1e9 && v < 1e9 && (v % 10 !== 0 || (v < 1000 && v > -1000))) size += `${v}`.length;
    else exact = false;
  };

  const isEmpty = (o: JsonObject): boolean => {
    for (const _ in o) return false;
    size += 2;
    return true;
  };

  const list = (values: Json[], verdict: NameVerdict, depth: number): boolean => {
    size += values.length === 0 ? 2 : values.length + 1;
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (typeof v === "string" && i > 0 && isCredentialNext(values[i - 1], v, of.names) !== null) return false;
      if (!any(v, verdict, depth + 1)) return false;
    }
    return true;
  };

  const object = (o: JsonObject, depth: number): boolean => {
    let fields = 0;
    for (const name in o) {
      const v = o[name]!;
      const verdict = of.names(name);
      fields++;
      size += name.length + 3;
      if (verdict.part === "value" && pairKind(o, of.names) !== null) return false;
      if (verdict.part === "secret_data" && o.kind === "Secret") return false;
      if (name.length >= 16 && !of.isClean(name)) return false;
      if (!any(v, verdict, depth + 1)) return false;
    }
    size += fields === 0 ? 2 : fields + 1;
    return true;
  };

  return (text, record, keyIds) => {
    ids = keyIds;
    size = 0;
    exact = true;
    for (const id of keyIds) if (hintOf(id) === "") return null;
    if (!object(record, 0)) return null;
    return hide(exact && size === text.length ? text : JSON.stringify(record), keyIds, hintOf);
  };
}

/** isPlainId holds for ids whose letters stand in JSON text as they are and that cannot be met outside its strings (as 1.5e-300 could). */
function isPlainId(id: string): boolean {
  return (
    isFindable(id) && /^(?:[A-Za-z/][A-Za-z0-9_.\-/@:=+~ ]*|[0-9][A-Za-z0-9_-]*)$/.test(id) && !/^\d*e[\d-]*$/.test(id)
  );
}

/** hide replaces ids in JSON text; null where an id may begin inside an escape, which only the parsed value can tell. */
function hide(text: string, keyIds: readonly string[], hintOf: (id: string) => string): string | null {
  let out = text;
  for (const id of keyIds) {
    let at = out.indexOf(id);
    if (at < 0) continue;
    let next = "";
    let kept = 0;
    const hint = hintOf(id);
    for (; at >= 0; at = out.indexOf(id, kept)) {
      for (let back = Math.max(0, at - 5); back < at; back++) if (out.charCodeAt(back) === 92) return null;
      next += out.slice(kept, at) + hint;
      kept = at + id.length;
    }
    out = next + out.slice(kept);
  }
  return out;
}
