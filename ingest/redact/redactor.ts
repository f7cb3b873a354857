import { codeAt } from "../../schemas/code_at.ts";
import type { Json, JsonObject } from "../provider.ts";
import { mayHold } from "./gate.ts";
import { createHidings, hide } from "./hide.ts";
import { createInspector } from "./inspect.ts";
import { type Sink, whole } from "./match.ts";
import { createNames, PLAIN } from "./names.ts";
import { createNotes, pathText, type SecretFound } from "./notes.ts";
import { type Rebuilder, rebuild, type Step } from "./rebuild.ts";
import { createSeen } from "./seen.ts";
import { createSweeper, hideIds, sweep } from "./sweep.ts";
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
  /** What full cleaning made of strings of the record at hand: the inspector, the rebuilding and `scrub` each come to them. */
  const made = new Map<string, { text: string; added: [kind: string, value: string][] }>();
  const cleanOnce = (s: string, sink: Sink): string => {
    let known = made.get(s);
    if (known === undefined) {
      const added: [string, string][] = [];
      known = { text: cleanSafely(s, { add: (kind, value) => added.push([kind, value]) }, 0), added };
      made.set(s, known);
    }
    for (const [kind, value] of known.added) sink.add(kind, value);
    return known.text;
  };
  /** cleanString cleans one ordinary value; clean ones are remembered, for values repeat. */
  const cleanString = (s: string, sink: Sink, depth: number): string => {
    if (isClean(s)) return s;
    if (depth > 0) return cleanSafely(s, sink, depth);
    const cleaned = cleanOnce(s, sink);
    if (cleaned === s) seen.add(s);
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
  const inspector = createInspector({
    names,
    isClean: (s) => isClean(s) || cleanString(s, IGNORE, 0) === s,
    isHidden: (s, keyIds) => mentions(s, keyIds) && cleanString(s, IGNORE, 0) === hideIds(s, keyIds),
  });

  const hidingOf = createHidings();
  const isParsed = (id: string): boolean => hidingOf(id).how === "parsed";

  const slow = (record: JsonObject, keyIds: readonly string[]): Redacted => {
    const path: Step[] = [];
    const notes = createNotes(() => pathText(path));
    const copy = rebuild(record, { ...rebuilder(notes, 0), path, inspector }, 0, PLAIN, null);
    const text = JSON.stringify(copy);
    const hidden = mayMention(text, notes.values) || keyIds.some(isParsed) ? null : hide(text, keyIds, hidingOf);
    const raw = hidden ?? JSON.stringify(sweep(copy, notes.values, keyIds));
    const swept = createSweeper(notes.values, keyIds);
    return { raw, found: notes.found, scrub: (s) => cleanString(swept(s), IGNORE, 0) };
  };

  return {
    record(text, record, keyIds, part = false) {
      if (made.size > 0) made.clear();
      const raw = inspector.record(text, record, keyIds);
      if (raw === null) return slow(record, keyIds);
      // Every string of the record was found clean, so what a provider took out of it needs no second look but for the ids.
      return {
        raw,
        found: NONE,
        scrub: part ? (s) => cleanString(hideIds(s, keyIds), IGNORE, 0) : (s) => hideIds(s, keyIds),
      };
    },
    text(s) {
      if (made.size > 0) made.clear();
      const notes = createNotes(() => "text");
      const text = cleanString(s, notes, 0);
      return { text: createSweeper(notes.values, [])(text), found: notes.found };
    },
  };
}

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
