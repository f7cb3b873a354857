import { codeAt } from "../../schemas/code_at.ts";
import type { Json, JsonObject } from "../provider.ts";
import { mayHold } from "./gate.ts";
import { createHidings, hide } from "./hide.ts";
import { createInspector } from "./inspect.ts";
import { type Sink, whole } from "./match.ts";
import { createNames } from "./names.ts";
import { createNotes, pathText, type SecretFound } from "./notes.ts";
import { type Rebuilder, rebuild, type Step } from "./rebuild.ts";
import { createSeen } from "./seen.ts";
import { sweep } from "./sweep.ts";
import { createTextCleaner } from "./text.ts";

/** Redacted is a record without its secrets: `raw` is JSON text; `scrub` cleans any string taken from the same record. */
export interface Redacted {
  raw: string;
  found: SecretFound[];
  scrub(s: string): string;
}

/** Redactor removes secrets and key ids. It never throws for what a record holds and reports at most 20 secrets of one. */
export interface Redactor {
  /**
   * `text` is the record's own JSON, `record` its parsed value, `keyIds` the ids that its provider named: they become hints. `part` says that
   * the record is only a part of the one that strings for `scrub` are taken from.
   */
  record(text: string, record: JsonObject, keyIds: readonly string[], part?: boolean): Redacted;
  /** text cleans free text: log lines, error messages, broken JSON. */
  text(s: string): { text: string; found: SecretFound[] };
}

/** Event and request ids: told clean at a glance, and never seen again. */
const UUID_LENGTH = 36;
const DASH = 45;
const MIN_LENGTH = 6;
/** A shorter string is looked through faster than it is looked up in a table that the processor's cache does not hold. */
const SCANNED = 32;
const PLAIN = { sort: "plain", kind: "", part: "none", clean: null, least: 0 } as const;
const NONE: SecretFound[] = [];

/** createRedactor makes the redactor; `fieldNames` adds names whose values are secret, spelled in any way. */
export function createRedactor(options: { fieldNames?: readonly string[] } = {}): Redactor {
  const fieldNames = options.fieldNames ?? [];
  const names = createNames(fieldNames);
  const extra = extraWords(fieldNames);
  const clean = createTextCleaner(names, (value, depth, sink) => {
    const copy = JSON.stringify(rebuild(value as Json, rebuilder(sink, depth), depth, PLAIN, null));
    return copy === JSON.stringify(value) ? null : copy;
  });
  const seen = createSeen();

  /** cleanSafely: what exhausts the stack is an attack, and goes whole. */
  const cleanSafely = (s: string, sink: Sink, depth: number): string => {
    try {
      return clean(s, sink, depth);
    } catch (error) {
      if (error instanceof RangeError) return whole("hostile_text", s, sink);
      throw error;
    }
  };
  /** cleanString cleans one ordinary value; clean ones are remembered, for values repeat. */
  const cleanString = (s: string, sink: Sink, depth: number): string => {
    if (isClean(s)) return s;
    const cleaned = cleanSafely(s, sink, depth);
    if (cleaned === s && depth === 0) seen.add(s);
    return cleaned;
  };
  const isClean = (s: string): boolean => {
    if (s.length < SCANNED) return s.length < MIN_LENGTH || !mayHold(s, extra) || seen.has(s);
    if (seen.has(s)) return true;
    if (mayHold(s, extra)) return false;
    if (s.length !== UUID_LENGTH || codeAt(s, 8) !== DASH) seen.add(s);
    return true;
  };
  const rebuilder = (sink: Sink, depth: number): Rebuilder => ({
    names,
    sink,
    path: [],
    clean: (s) => cleanString(s, sink, depth),
  });
  const inspect = createInspector({
    names,
    isClean: (s) => isClean(s) || cleanString(s, IGNORE, 0) === s,
    isHidden: (s, keyIds) => mentions(s, keyIds) && cleanString(s, IGNORE, 0) === sweep(s, NO_VALUES, keyIds),
  });

  const hidingOf = createHidings();
  const isParsed = (id: string): boolean => hidingOf(id).how === "parsed";

  const slow = (record: JsonObject, keyIds: readonly string[]): Redacted => {
    const path: Step[] = [];
    const notes = createNotes(() => pathText(path));
    const at = { ...rebuilder(notes, 0), path };
    const copy = rebuild(record, at, 0, PLAIN, null);
    const text = JSON.stringify(copy);
    const hidden = mayMention(text, notes.values) || keyIds.some(isParsed) ? null : hide(text, keyIds, hidingOf);
    const raw = hidden ?? JSON.stringify(sweep(copy, notes.values, keyIds));
    return { raw, found: notes.found, scrub: (s) => scrub(s, notes.values, keyIds) };
  };
  const scrub = (s: string, values: ReadonlyMap<string, string>, keyIds: readonly string[]): string => {
    const swept = values.size === 0 && !mentions(s, keyIds) ? s : (sweep(s, values, keyIds) as string);
    return cleanString(swept, IGNORE, 0);
  };

  return {
    record(text, record, keyIds, part = false) {
      const raw = inspect(text, record, keyIds);
      if (raw === null) return slow(record, keyIds);
      if (part) return { raw, found: NONE, scrub: (s) => scrub(s, NO_VALUES, keyIds) };
      // Every string of the record was found clean, so what a provider took out of it needs no second look but for the ids.
      return { raw, found: NONE, scrub: (s) => (mentions(s, keyIds) ? (sweep(s, NO_VALUES, keyIds) as string) : s) };
    },
    text(s) {
      const notes = createNotes(() => "text");
      const text = cleanString(s, notes, 0);
      return { text: notes.values.size === 0 ? text : (sweep(text, notes.values, []) as string), found: notes.found };
    },
  };
}

const NO_VALUES: ReadonlyMap<string, string> = new Map();
const IGNORE: Sink = { add() {} };

/** Of more values each would be looked for in the whole text. */
const MAX_SOUGHT = 64;

/** mayMention tells from JSON text whether there is anything to sweep from the value: most secrets stand in one place, which was cleaned. */
function mayMention(text: string, values: ReadonlyMap<string, string>): boolean {
  if (values.size > MAX_SOUGHT) return true;
  for (const value of values.keys()) if (mayStandIn(text, value)) return true;
  return false;
}

/** A text whose first or last character is half of a pair is written in another way beside the other half. */
const mayStandIn = (text: string, s: string): boolean =>
  !s.isWellFormed() || text.includes(JSON.stringify(s).slice(1, -1));

const mentions = (s: string, keyIds: readonly string[]): boolean => {
  for (const id of keyIds) if (s.includes(id)) return true;
  return false;
};

/** extraWords lets the first look stop at the operator's own names too, however they are spelled. */
function extraWords(fieldNames: readonly string[]): RegExp | null {
  const spelled = fieldNames.map((name) => name.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/).filter((w) => w !== ""));
  const forms = spelled.filter((words) => words.length > 0).map((words) => words.join("[^A-Za-z0-9]?"));
  return forms.length === 0 ? null : new RegExp(forms.join("|"), "i");
}
