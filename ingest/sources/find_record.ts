import {
  BROKEN,
  createScan,
  DONE,
  envelopeNames,
  isSpace,
  MORE,
  pageNames,
  scan,
  skipSpace,
  startTail,
  startValue,
} from "./json_scan.ts";
import { mayBePageHead } from "./page.ts";

/** Where a record stands: by itself (one after another, NDJSON) or as an element of an array of records. */
export type Place = "top" | "element";

export type Found =
  /** A record begins at `at`; `place` says how to go on. */
  | { kind: "record"; at: number; place: Place }
  /** The damaged line ends at `at`; what follows stands by itself. */
  | { kind: "line"; at: number }
  /** Undecided until more bytes come; nothing before `cursor` is a record. */
  | { kind: "more"; cursor: number }
  | { kind: "none" };

/** Hurt is a damaged stretch: it begins at `start`, and the first byte that may begin a good record is `cursor`. */
export interface Hurt {
  start: number;
  cursor: number;
  place: Place;
  /** The list of records is no envelope's: nothing but a new document follows it. */
  bare: boolean;
  /** No JSON began here at all: the stretch ends with its line. */
  line: boolean;
  /** Bytes read in candidates that failed so far. */
  spent: number;
  /** Records that stand by themselves were seen with commas between them. */
  commas: boolean;
}

/** How far a candidate is followed before it is believed, bytes. */
const WINDOW = 1024 * 1024;
/** How far spaces are followed. */
const GAP = 64 * 1024;
/** Bytes of failed candidates in one damaged stretch; then whole candidates are skipped, so that hostile input stays linear. */
const BUDGET = 4 * WINDOW;

const UNDECIDED = -1;
const BELIEVED = -2;

/**
 * findRecord looks for the next plausible record behind a damaged byte. A candidate is `{"` that is no member's value; it is believed
 * when it is a whole value and what follows can follow a record in that place: lists inside the damaged record end in
 * a bracket where no records end, and are passed over. The answer depends on the bytes only, never on how they were cut into chunks.
 */
export function findRecord(data: Buffer, end: number, eof: boolean, hurt: Hurt): Found {
  let cursor = hurt.cursor;
  let newline = -1;
  for (;;) {
    let brace = data.indexOf(123, cursor);
    if (brace < 0 || brace >= end) brace = end;
    if (hurt.place === "top") {
      if (newline < cursor) newline = data.indexOf(10, cursor);
      if (newline < 0 || newline >= end) newline = end;
      if (newline < brace) {
        const next = skipSpace(data, newline + 1, Math.min(end, newline + GAP));
        if (next === end && !eof && end - newline < GAP) return { kind: "more", cursor: newline };
        if (next === end || !continuesRecord(data, newline + 1, next, hurt.line)) return { kind: "line", at: newline };
        cursor = newline + 1;
        continue;
      }
    }
    if (brace === end) return eof ? { kind: "none" } : { kind: "more", cursor: end };
    const reach = Math.min(end, brace + GAP);
    const key = skipSpace(data, brace + 1, reach);
    if (key === end && !eof && end - brace < GAP) return { kind: "more", cursor: brace };
    const last = previous(data, brace, hurt.start);
    const headed = (hurt.place === "top" || hurt.bare) && (last <= hurt.start || afterHead(data, hurt.start, brace));
    cursor = brace + 1;
    if (key === reach || data[key] !== 34 || (data[last] === 58 && data[brace - 1] !== 10 && !headed)) continue;
    for (const place of places(hurt.place, data[last], headed)) {
      const verdict = follow(data, brace, end, eof, place, hurt.commas, hurt.bare && !headed);
      if (verdict === UNDECIDED) return { kind: "more", cursor: brace };
      if (verdict === BELIEVED) return { kind: "record", at: brace, place };
      hurt.spent += verdict - brace;
      if (hurt.spent > BUDGET) cursor = Math.max(cursor, verdict);
    }
  }
}

/**
 * continuesRecord judges the line at `from`, whose first byte that is no space stands at `next`: indented text, closing brackets and
 * quotes go on with a pretty-printed record. Behind a line that was no JSON only what looks like its indented rest does.
 */
function continuesRecord(data: Buffer, from: number, next: number, line: boolean): boolean {
  const byte = data[next]!;
  if (byte === 125 || byte === 93) return true;
  const indented = data[next - 1] === 32 || data[next - 1] === 9;
  if (line) return indented && (byte === 34 || byte === 123 || byte === 91);
  return indented || byte === 34 || byte === 44 || (next > from && byte !== 123 && byte !== 91);
}

/** places gives the ways to read a candidate, the likelier one first. */
function places(place: Place, before: number | undefined, headed: boolean): Place[] {
  if (place === "element") return before === 44 || before === 91 ? ["element"] : ["top", "element"];
  return headed ? ["top", "element"] : ["top"];
}

/**
 * follow reads values from a candidate on. BELIEVED, UNDECIDED, or the byte that contradicts.
 * Damage inside a later value is no contradiction: the candidate itself was whole and well followed.
 */
function follow(
  data: Buffer,
  from: number,
  end: number,
  eof: boolean,
  place: Place,
  commas: boolean,
  bare: boolean,
): number {
  const limit = Math.min(end, from + WINDOW);
  const cut = limit < end ? BELIEVED : eof ? from : UNDECIDED;
  const s = createScan();
  let at = from;
  for (;;) {
    startValue(s, at, false);
    const result = scan(s, data, limit);
    if (result === BROKEN) return at > from ? BELIEVED : s.at;
    if (result === MORE) return at > from && cut === from ? BELIEVED : cut;
    let next = skipSpace(data, s.at, limit);
    if (next === limit) return cut === from ? BELIEVED : cut;
    const byte = data[next]!;
    if (place === "element" && byte === 93) return followEnd(data, next, limit, cut === from ? BELIEVED : cut, bare);
    if (byte === 44 && (place === "element" || commas)) {
      next = skipSpace(data, next + 1, limit);
      if (next === limit) return cut === from ? BELIEVED : cut;
      if (data[next] !== 123) return data[next] === 93 ? BELIEVED : next;
    } else if (place === "element") {
      return next;
    } else if (byte !== 123) {
      return byte === 91 || (data[next - 1] === 10 && byte !== 125 && byte !== 93) ? BELIEVED : next;
    }
    at = next;
  }
}

/** followEnd checks that the closing bracket at `at` ends an array of records: only the rest of an envelope, or a new document, comes after. */
function followEnd(data: Buffer, at: number, limit: number, short: number, bare: boolean): number {
  let next = skipSpace(data, at + 1, limit);
  if (next === limit) return short;
  if (data[next] === 44 && !bare) {
    const s = createScan();
    startTail(s, next + 1);
    const result = scan(s, data, limit);
    if (result === MORE) return short;
    if (result !== DONE) return s.at;
    next = s.at;
  } else if (data[next] === 125 && !bare) next++;
  next = skipSpace(data, next, limit);
  if (next === limit) return short;
  return data[next] === 123 || data[next] === 91 ? BELIEVED : next;
}

/** previous gives the place of the last byte before `at` that is no white space, or -1. */
function previous(data: Uint8Array, at: number, start: number): number {
  for (let k = at - 1; k >= start && at - k < GAP; k--) if (!isSpace(data[k])) return k;
  return -1;
}

/**
 * afterHead tells whether an envelope's head such as `"Records":[`, with at most one byte damaged, stands right before `at`;
 * a stretch that begins inside the head (its damaged byte became a line break) may hold the rest of it only.
 */
function afterHead(data: Buffer, start: number, at: number): boolean {
  let head = "";
  for (let k = at - 1; k >= start && at - k < 256 && head.length < 14; k--) {
    if (!isSpace(data[k])) head += String.fromCharCode(data[k]!);
  }
  // One damaged byte cannot be in both of these.
  if (head.length > 2 && !head.startsWith('[:"') && !lastLetters.test(head)) return false;
  return (
    envelopeHeads.some((wanted) => isHead(head, wanted)) ||
    (pageHeads.some((wanted) => isHead(head, wanted)) && mayBePageHead(data, start, at))
  );
}

function isHead(head: string, wanted: string): boolean {
  if (head.length < wanted.length - 1) return nearly(head, wanted.slice(0, head.length), 0);
  if (nearly(head, wanted, 1)) return true;
  for (let k = 0; k < wanted.length; k++) {
    if (nearly(without(head, k), wanted, 0) || nearly(head, without(wanted, k), 0)) return true;
  }
  return false;
}

const reversed = (name: Buffer): string => [...`"${name.toString("latin1")}":[`].reverse().join("");
const envelopeHeads = envelopeNames.map(reversed);
const pageHeads = pageNames.map(reversed);
const lastLetters = new RegExp(
  `^.{0,4}(${[...envelopeNames, ...pageNames].map((n) => [...n.toString("latin1").slice(-2)].reverse().join("")).join("|")})`,
  "s",
);

const without = (text: string, at: number): string => text.slice(0, at) + text.slice(at + 1);

function nearly(have: string, wanted: string, tolerated: number): boolean {
  let wrong = 0;
  for (let k = 0; k < wanted.length && wrong <= tolerated; k++) if (have[k] !== wanted[k]) wrong++;
  return wrong <= tolerated;
}
