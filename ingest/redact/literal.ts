import type { Json, JsonObject } from "../provider.ts";
import { setField } from "./rebuild.ts";

/** Where a list or an object may begin: a bracket with a quote or another bracket behind it. */
const OPENING = /[{[(](?=\s{0,64}(?:[uUbBrR]{0,2}["']|[{[(]))/g;
/** Deeper parts are left to the other steps. */
const MAX_DEPTH = 48;

/**
 * cleanLiterals cleans objects and lists that stand in a text, by the names of their fields as if they were parsed JSON: JSON within a line,
 * JSON that was cut off, and what Python writes (single quotes, None, tuples). A tuple of two in a list is a field; by itself it may be
 * SQL (`IN ('password', 'token')`). What holds a secret comes out as whole JSON, all else as it was. Each character is read once.
 */
export function cleanLiterals(s: string, cleanJson: (value: object) => string | null): string {
  let out = "";
  let kept = 0;
  OPENING.lastIndex = 0;
  for (let found = OPENING.exec(s); found !== null; found = OPENING.exec(s)) {
    const from = found.index;
    const reader: Reader = { s, at: from, broken: false };
    const value = readValue(reader, 0);
    const resume = Math.max(reader.at, from + 1);
    const cleaned = typeof value === "object" && value !== null ? cleanJson(value) : null;
    if (cleaned !== null) {
      out += s.slice(kept, from) + cleaned;
      kept = resume;
    }
    OPENING.lastIndex = resume;
  }
  return kept === 0 ? s : out + s.slice(kept);
}

/** Reader stands at `at`; what contradicts a literal ends it there, and what was read until then counts. */
interface Reader {
  s: string;
  at: number;
  broken: boolean;
}

const SPACE = /\s*/y;
const PREFIX = /[uUbBrR]{0,2}(?=["'])/y;
/** Numbers, names of values, and what Python shows of things that have no literal. */
const BARE = /[\w.+-]{1,256}|<[^<>]{0,256}>/y;

function skip(r: Reader, pattern: RegExp): string {
  pattern.lastIndex = r.at;
  const text = pattern.exec(r.s)?.[0] ?? "";
  r.at += text.length;
  return text;
}

function readValue(r: Reader, depth: number): Json {
  skip(r, SPACE);
  skip(r, PREFIX);
  const c = r.s[r.at];
  if (c === '"' || c === "'") return readText(r, c);
  if (c === "{" || c === "[" || c === "(") {
    if (depth === MAX_DEPTH) r.broken = true;
    if (r.broken) return null;
    r.at++;
    return c === "{" ? readObject(r, depth) : readList(r, depth, c === "[" ? "]" : ")");
  }
  const bare = skip(r, BARE);
  if (bare === "" && c !== undefined) r.broken = true;
  // A call such as datetime.datetime(2026, 3, 2) counts as its arguments.
  return r.s[r.at] === "(" ? readValue(r, depth) : bareValue(bare);
}

const WORDS: Readonly<Record<string, Json>> = { true: true, True: true, false: false, False: false, null: null };

function bareValue(text: string): Json {
  if (text === "" || text === "None") return null;
  const word = Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
  if (word !== undefined) return word;
  const number = Number(text);
  return Number.isFinite(number) && /^-?\d/.test(text) ? number : text;
}

/** goesOn reads what stands behind an element; false at the end of the list or object, of the text, or where it breaks. */
function goesOn(r: Reader, close: string): boolean {
  skip(r, SPACE);
  const c = r.s[r.at];
  if (r.broken || c === undefined) return false;
  if (c === "," || c === close) r.at++;
  else r.broken = true;
  return c === ",";
}

function closes(r: Reader, close: string): boolean {
  skip(r, SPACE);
  const c = r.s[r.at];
  if (c === close) r.at++;
  return c === close || c === undefined;
}

function readList(r: Reader, depth: number, close: string): Json {
  const values: Json[] = [];
  while (!closes(r, close)) {
    values.push(readValue(r, depth + 1));
    if (!goesOn(r, close)) break;
  }
  const [name, value] = values;
  return depth > 0 && close === ")" && values.length === 2 && typeof name === "string" ? { [name]: value! } : values;
}

function readObject(r: Reader, depth: number): JsonObject {
  const o: JsonObject = {};
  while (!closes(r, "}")) {
    skip(r, PREFIX);
    const quote = r.s[r.at];
    if (quote !== '"' && quote !== "'") {
      r.broken = true;
      break;
    }
    const name = readText(r, quote);
    skip(r, SPACE);
    if (r.s[r.at] !== ":") {
      r.broken = r.at < r.s.length;
      break;
    }
    r.at++;
    setField(o, name, readValue(r, depth + 1));
    if (!goesOn(r, "}")) break;
  }
  return o;
}

/** readText reads to the closing quote, or to the end of a text that was cut off. */
function readText(r: Reader, quote: string): string {
  const from = r.at + 1;
  let to = from;
  while (to < r.s.length && r.s[to] !== quote) to += r.s[to] === "\\" ? 2 : 1;
  r.at = Math.min(r.s.length, to + 1);
  const raw = r.s.slice(from, Math.min(to, r.s.length));
  return raw.includes("\\") ? raw.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.?))/gs, unescaped) : raw;
}

const CONTROLS: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

const unescaped = (_all: string, wide?: string, byte?: string, sign?: string): string =>
  sign === undefined ? String.fromCharCode(Number.parseInt(wide ?? byte!, 16)) : (CONTROLS[sign] ?? sign);
