import type { Place } from "./find_record.ts";
import { isSpace, skipSpace } from "./json_scan.ts";

/** Follows says what stands behind a whole record. All but `suspect` and `more` release the record. */
export type Follows =
  | { kind: "record"; at: number }
  | { kind: "comma"; at: number }
  /** The bracket that ends the list of records. */
  | { kind: "close"; at: number }
  /** The separator is damaged, the record is not. */
  | { kind: "hurt"; at: number }
  /** The record seems to have ended too early: a byte inside it turned into a brace. */
  | { kind: "suspect"; at: number }
  | { kind: "more" };

const MORE: Follows = { kind: "more" };
/** How far spaces are followed; a longer gap is a gap. */
const GAP = 64 * 1024;

/**
 * whatFollows judges the bytes from `at`, where a whole value ended. A damaged byte that became `}` closes a record early and leaves
 * `,"next":…` or a brace too many behind: such a record must not pass as a whole one. `pretty` tells that the record spans several lines.
 */
export function whatFollows(
  data: Buffer,
  at: number,
  end: number,
  eof: boolean,
  place: Place,
  pretty: boolean,
): Follows {
  const reach = Math.min(end, at + GAP);
  const next = skipSpace(data, at, reach);
  if (place === "top" && !pretty && data.subarray(at, next).includes(10)) return { kind: "record", at: next };
  if (next === reach) return reach < end || eof ? { kind: "record", at: next } : MORE;
  const byte = data[next]!;
  const second = skipSpace(data, next + 1, Math.min(end, next + GAP));
  const after = second < end ? data[second]! : -1;
  if (byte === 123) return place === "top" ? { kind: "record", at: next } : { kind: "hurt", at: next };
  if (byte === 93 && place === "element") return { kind: "close", at: next + 1 };
  if (byte === 91 && place === "top") return { kind: "record", at: next };
  if (after === -1) {
    if (!eof) return MORE;
    return byte === 44 ? { kind: "comma", at: second } : { kind: mayBeInside(byte) ? "suspect" : "record", at: next };
  }
  if (byte === 44) {
    if (after === 34) return { kind: "suspect", at: next };
    if (place === "top" || after !== 93) return { kind: "comma", at: second };
    const third = skipSpace(data, second + 1, Math.min(end, second + GAP));
    if (third === end && !eof) return MORE;
    return data[third] === 34 && third < end ? { kind: "comma", at: second } : { kind: "close", at: second + 1 };
  }
  if (after === 123) return { kind: "hurt", at: next };
  if (place === "element" && after === 125) {
    const third = skipSpace(data, second + 1, Math.min(end, second + GAP));
    if (third === end) return eof ? { kind: "hurt", at: next } : MORE;
    if (data[third] === 123) return { kind: "hurt", at: next };
  }
  return { kind: mayBeInside(byte) ? "suspect" : "record", at: next };
}

/** mayBeInside: what a record that was closed early goes on with. */
const mayBeInside = (byte: number): boolean =>
  byte === 125 || (byte >= 48 && byte <= 57) || byte === 46 || isSpace(byte);
