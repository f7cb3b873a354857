import { codeAt } from "../../schemas/code_at.ts";
import { rawHint } from "../fingerprint.ts";
import { looksRandom } from "./entropy.ts";
import { type Sink, whole } from "./match.ts";
import { type NameVerdict, newVerdict } from "./names.ts";
import { isSecretNumber, isTrivial, redactKeyId, redactNamed, redactPage, redactWeak } from "./value.ts";

const MAX_NAME = 64;
/** A text that names more credentials than this is a dump or an attack: it goes whole. */
const MAX_NAMED = 50_000;
const DATABASE =
  /(?:postgres|postgresql|mysql|mariadb|mongodb|mongodb\+srv|redis|rediss|amqp|amqps|mssql|sqlserver|clickhouse|smtp|smtps|ftp|sftp|ldap|ldaps|nats|kafka|oracle|jdbc:[a-z]{1,20})$/i;

/**
 * cleanPairs walks the `name=value` and `name: value` pairs of any text: queries, cookies, connection strings, headers,
 * broken JSON, command lines; and the user:password part of URLs. Each character is looked at a bounded number of times.
 */
export function cleanPairs(s: string, names: (name: string) => NameVerdict, sink: Sink): string {
  let out = "";
  let kept = 0;
  let noUserUntil = 0;
  const ends: Ends = { named: 0, spaced: { from: -1, to: -2 }, query: { from: -1, to: -2 } };
  for (let i = nextSeparator(s, 0); i >= 0; i = nextSeparator(s, Math.max(i + 1, kept))) {
    let edit: Edit | null = null;
    if (s.startsWith("://", i)) {
      if (i >= noUserUntil) {
        const end = authorityEnd(s, i);
        edit = userInfo(s, i + 3, end, sink);
        if (edit === null) noUserUntil = end;
      }
    } else edit = pair(s, i, kept, names, sink, ends);
    if (ends.named > MAX_NAMED) return whole("hostile_text", s, sink);
    if (edit === null) continue;
    out += s.slice(kept, edit.from) + edit.text;
    kept = edit.to;
  }
  return kept === 0 ? s : out + s.slice(kept);
}

interface Edit {
  from: number;
  to: number;
  text: string;
}

function nextSeparator(s: string, from: number): number {
  for (let i = from, end = s.length; i < end; i++) {
    const c = codeAt(s, i);
    if (c === 61 || c === 58) return i;
  }
  return -1;
}

/** authorityEnd: a database password may hold `/` or `?`, so there the whole word counts. */
function authorityEnd(s: string, colon: number): number {
  const stop = DATABASE.test(s.slice(Math.max(0, colon - 24), colon)) ? /[\s"'<>\\]/ : /[\s"'<>\\/?#]/;
  let end = colon + 3;
  const limit = Math.min(s.length, end + 2048);
  while (end < limit && !stop.test(s[end]!)) end++;
  return end;
}

function userInfo(s: string, from: number, end: number, sink: Sink): Edit | null {
  const at = s.lastIndexOf("@", end - 1);
  if (at < from) return null;
  const colon = s.indexOf(":", from);
  if (colon >= 0 && colon < at) {
    const password = s.slice(colon + 1, at);
    return isTrivial(password) ? null : { from: colon + 1, to: at, text: redactNamed("url_password", password, sink) };
  }
  const user = s.slice(from, at);
  return looksRandom(user) || user.length >= 32 ? { from, to: at, text: redactNamed("url_token", user, sink) } : null;
}

/** In a query it is what OAuth hands out for a token, and a key of Azure Functions; elsewhere a code tells an outcome. */
const OAUTH_CODE = /^(?:device_)?code$/i;
const CODE = newVerdict("weak", "authorization_code", Infinity);

function pair(
  s: string,
  separator: number,
  floor: number,
  names: (name: string) => NameVerdict,
  sink: Sink,
  ends: Ends,
): Edit | null {
  const name = nameBefore(s, separator, floor);
  if (name === null) return null;
  let verdict = name.query && OAUTH_CODE.test(name.text) ? CODE : names(name.text);
  if (
    (verdict.sort === "plain" || verdict.sort === "weak") &&
    name.spoken !== null &&
    names(name.spoken).sort !== "plain"
  ) {
    verdict = names(name.spoken);
  }
  if (verdict.sort === "plain" || verdict.sort === "safe") return null;
  ends.named++;
  if (isInsideArn(s, name.from)) return null;
  const value = valueAfter(s, separator, { named: name.quoted, kind: verdict.kind, ends });
  if (value === null || value.to <= value.from) return null;
  const text = s.slice(value.from, value.to);
  if (value.number !== undefined) {
    const secret = verdict.sort === "secret" && isSecretNumber(Number(text), verdict);
    const quote = value.number;
    return secret ? { ...value, text: quote + redactNamed(verdict.kind, text, sink) + quote } : null;
  }
  const shown = show(text, verdict, {
    sink,
    query: name.query,
    prose: s[separator] === ":" && !name.quoted && !value.quoted,
  });
  return shown === null || shown === text ? null : { from: value.from, to: value.to, text: shown };
}

/** show gives what may be shown of a value with a name; null where it stays. */
export function show(
  v: string,
  verdict: NameVerdict,
  at: { sink: Sink; query: boolean; prose: boolean },
): string | null {
  if (v.startsWith("[redacted:")) return null;
  switch (verdict.sort) {
    case "weak":
      return redactWeak(verdict, v, at.query ? "query" : "field", at.sink);
    case "page":
      return redactPage(v);
    case "key_id":
      return /^A[A-Z]{3}[A-Z0-9]{12,}$/.test(v) ? rawHint(v) : redactKeyId(v, at.sink);
    default:
      // "Cannot parse token: unexpected end" speaks of a token and holds none; a password may be a plain word.
      if (at.prose && verdict.kind !== "password" && v.length <= 200 && /^[A-Za-z][a-z' ,.]*$/.test(v)) return null;
      return redactNamed(verdict.kind, v, at.sink);
  }
}

interface NameBefore {
  text: string;
  from: number;
  /** With the word before it, for `api key: …`. */
  spoken: string | null;
  quoted: boolean;
  /** Preceded by ? & or #. */
  query: boolean;
}

/** isInsideArn: `secret:` and `key:` in an ARN name the kind of a resource, and a name follows. */
const isInsideArn = (s: string, from: number): boolean =>
  s[from - 1] === ":" && /\barn:[a-z0-9-]{2,16}:[\w:./*-]{0,160}$/.test(s.slice(Math.max(0, from - 200), from));

const isNameChar = (c: number): boolean =>
  (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 45 || c === 46;

function nameBefore(s: string, separator: number, floor: number): NameBefore | null {
  let end = separator;
  if (s[separator] === "=" && s[end - 1] === ":") end--;
  while (end > floor && separator - end < 4 && s[end - 1] === " ") end--;
  let quoted = false;
  while (end > floor && separator - end < 12 && "\"'\\`]".includes(s[end - 1]!)) {
    quoted ||= s[end - 1] !== "]";
    end--;
  }
  const from = backOver(s, end, floor);
  if (from === end) return null;
  const text = s.slice(from, end);
  const before = s[from - 1] ?? "";
  const wordFrom = before === " " ? backOver(s, from - 1, floor) : from;
  return {
    text,
    from,
    spoken: wordFrom < from - 1 ? s.slice(wordFrom, end) : null,
    quoted,
    query: before !== "" && "?&#;".includes(before),
  };
}

function backOver(s: string, end: number, floor: number): number {
  let from = end;
  while (from > floor && end - from < MAX_NAME && isNameChar(codeAt(s, from - 1))) from--;
  return from;
}

interface Value {
  from: number;
  to: number;
  quoted: boolean;
  /** Of a number in JSON: the quote that its name has. */
  number?: string;
}

const LITERAL = /^(?:(-?\d[\d.eE+-]*)|true|false|null)(?=[\s,}\]]|$)/;

/** valueAfter finds where the value lies: inside its quotes, to the end of the line for headers, else to the delimiter. */
function valueAfter(
  s: string,
  separator: number,
  { named, kind, ends }: { named: boolean; kind: string; ends: Ends },
): Value | null {
  let from = separator + 1;
  if (s[from] === ">" || s[from] === "=") from++;
  for (let n = 0; n < 8 && " \t[(".includes(s[from] ?? "x"); n++)
    if (s.startsWith("[redacted:", from)) break;
    else from++;
  const open = from;
  while (s[from] === "\\" && from - open < 16) from++;
  const quote = s[from] ?? "";
  if (quote === '"' || quote === "'" || quote === "`") return quotedValue(s, from + 1, quote, from - open);
  from = open;
  const literal = named ? LITERAL.exec(s.slice(from, from + 40)) : null;
  if (literal !== null) {
    const number = /(\\{0,8}["'`])\s*$/.exec(s.slice(Math.max(0, separator - 12), separator))?.[1];
    return literal[1] === undefined
      ? null
      : { from, to: from + literal[1].length, quoted: false, number: number ?? '"' };
  }
  if (s[from] === "{") return null;
  if (s.startsWith("[redacted:", from)) return null;
  ONE_WORD.lastIndex = from;
  if (ONE_WORD.test(s) && s.startsWith("[redacted:", ONE_WORD.lastIndex)) return null;
  ONE_WORD.lastIndex = from;
  if (ONE_WORD.test(s)) return { from, to: knownEnd(s, ONE_WORD.lastIndex, false, ends), quoted: false };
  if (kind === "authorization" || kind === "cookie") return { from, to: headerEnd(s, from), quoted: false };
  return { from, to: knownEnd(s, from, s[separator] === "=", ends), quoted: false };
}

/** quotedValue ends at the quote that is escaped exactly as often as the opening one, or at the end of a broken text. */
function quotedValue(
  s: string,
  from: number,
  quote: string,
  slashes: number,
): { from: number; to: number; quoted: boolean } {
  for (let at = s.indexOf(quote, from); at >= 0; at = s.indexOf(quote, at + 1)) {
    let back = at;
    while (back > from && s[back - 1] === "\\") back--;
    if (at - back <= slashes) return { from, to: Math.max(from, back), quoted: true };
  }
  return { from, to: s.length, quoted: true };
}

/** Schemes whose credential is one word; others (Digest, AWS4-HMAC-SHA256) go to the end of the line. */
const ONE_WORD = /(?:bearer|basic|token|apikey|api-key|bot|key|negotiate)(?: {1,3}|: ?)(?=\S)/iy;

function headerEnd(s: string, from: number): number {
  let to = from;
  while (to < s.length && !isLineEnd(s, to)) {
    // A quoted parameter (response="…") belongs to the value; any other quote ends it.
    const open = s[to] === "=" ? /^=(\\{0,8})(["'])/.exec(s.slice(to, to + 10)) : null;
    const close = open === null ? -1 : s.indexOf(open[1]! + open[2]!, to + open[0].length);
    to = close < 0 || open === null ? to + 1 : close + open[0].length - 1;
  }
  return to;
}

const isLineEnd = (s: string, at: number): boolean => {
  const c = codeAt(s, at);
  return c === 10 || c === 13 || c === 34 || c === 39 || (c === 92 && "nr\"'".includes(s[at + 1] ?? "x"));
};

/** Ends remembers the last word's end: what begins inside a word ends with it, so `key=key=key=…` is read once. */
interface Ends {
  /** Credential names met so far. */
  named: number;
  spaced: { from: number; to: number };
  query: { from: number; to: number };
}

function knownEnd(s: string, from: number, query: boolean, ends: Ends): number {
  const last = query ? ends.query : ends.spaced;
  if (from < last.from || from > last.to) {
    last.from = from;
    last.to = wordEnd(s, from, query);
  }
  return last.to;
}

/** wordEnd: `,`, `;` and `&` end a value only where another name, a space or the end follows; a password may hold them. */
function wordEnd(s: string, from: number, query: boolean): number {
  let to = from;
  for (; to < s.length; to++) {
    const c = s[to]!;
    if (" \t\r\n\"'`<>".includes(c)) break;
    if (c === "\\" && "nrt\"'\\".includes(s[to + 1] ?? "x")) break;
    if ((c === "}" || c === "]" || c === ")") && !query) break;
    if (query && c === "&") break;
    if ((c === "," || c === ";" || c === "&") && /^(?:\s|$|["']|[\w.-]{1,64}["']?[=:])/.test(s.slice(to + 1, to + 70)))
      break;
  }
  return to;
}
