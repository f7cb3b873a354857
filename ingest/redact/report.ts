import type { Json, JsonObject } from "../provider.ts";
import { marker, opensPrivateKey } from "./match.ts";
import type { Redactor } from "./redactor.ts";

/** RedactionReport counts what a stream held; it has no values. */
export interface RedactionReport {
  lines: number;
  /** Lines in which something had to go. */
  exposed: number;
  /** Secrets by kind. */
  kinds: Map<string, number>;
  /** Secrets by place: the path in a record, `text` in free text. */
  places: Map<string, number>;
}

export const emptyReport = (): RedactionReport => ({ lines: 0, exposed: 0, kinds: new Map(), places: new Map() });

/** Exposed says what stood in which line (from 1), without the value. */
export interface Exposed {
  line: number;
  kind: string;
  path: string;
}

const MAX_LINE_BYTES = 64 * 2 ** 20;
/** How far back a cut may look for a place that no secret spans. */
const CUT_WINDOW = 64 * 1024;
/** Hostile records could name a new path in every line. */
const MAX_PLACES = 1_000;
const NEWLINE = 10;

/**
 * redactStream cleans a stream line by line, keeps the line ends as they are and counts into `report`; `onExposed` hears of each secret.
 * A line over `maxLineBytes` (64 MiB) is cut at a space, comma or semicolon; a piece that has none goes whole.
 */
export async function* redactStream(
  input: AsyncIterable<Buffer>,
  redactor: Redactor,
  report: RedactionReport = emptyReport(),
  maxLineBytes: number = MAX_LINE_BYTES,
  onExposed: (exposed: Exposed) => void = () => undefined,
): AsyncIterable<string> {
  const line = createLine(redactor, report, onExposed);
  for await (const piece of linesOf(input, maxLineBytes)) yield line(piece);
}

/** Piece is a line with its end, or a part of a line that was too long; `uncut` marks parts that end in the middle of a word. */
interface Piece {
  bytes: Buffer;
  uncut: boolean;
  /** The last of its line. */
  ends: boolean;
}

async function* linesOf(input: AsyncIterable<Buffer>, max: number): AsyncGenerator<Piece> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      held.push(chunk.subarray(from, end + 1));
      yield { bytes: Buffer.concat(held), uncut: false, ends: true };
      held = [];
      bytes = 0;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    held.push(chunk.subarray(from));
    bytes += chunk.length - from;
    while (bytes >= max) {
      const all = Buffer.concat(held);
      const cut = safeCut(all, max);
      yield { bytes: all.subarray(0, Math.abs(cut)), uncut: cut < 0, ends: false };
      held = [all.subarray(Math.abs(cut))];
      bytes = all.length - Math.abs(cut);
    }
  }
  if (bytes > 0) yield { bytes: Buffer.concat(held), uncut: false, ends: true };
}

/** safeCut gives where to cut, negative where no safe place was near. */
function safeCut(bytes: Buffer, max: number): number {
  for (let at = max - 1; at > 0 && at > max - CUT_WINDOW; at--) {
    const c = bytes[at]!;
    if (c === 32 || c === 44 || c === 59 || c === 9) return at + 1;
  }
  return -max;
}

function createLine(
  redactor: Redactor,
  report: RedactionReport,
  onExposed: (exposed: Exposed) => void,
): (piece: Piece) => string {
  // A private key in a text file spans lines: from its first line to its last each one goes.
  let inKey = false;
  let inToken = false;
  return ({ bytes, uncut, ends }) => {
    const text = bytes.toString("utf8");
    const body = text.replace(/\r?\n$/, "");
    const end = text.slice(body.length);
    const line = report.lines + 1;
    if (ends) report.lines++;
    const told = (cleaned: Cleaned): string => {
      for (const { kind, path } of cleaned.found) onExposed({ line, kind, path });
      return count(report, cleaned);
    };
    if (uncut || inToken) {
      inToken = uncut;
      return told({ text: marker("too_long"), found: [{ kind: "too_long", path: "text" }] }) + end;
    }
    if (inKey) {
      inKey = !body.includes("-----END");
      return (body === "" ? "" : marker("private_key")) + end;
    }
    inKey = opensPrivateKey(body);
    return told(cleanLine(redactor, body)) + end;
  };
}

interface Cleaned {
  text: string;
  found: { kind: string; path: string }[];
}

function cleanLine(redactor: Redactor, body: string): Cleaned {
  const value = parse(body);
  if (value === null || typeof value !== "object" || Array.isArray(value)) return redactor.text(body);
  const { raw, found } = redactor.record(body, value as JsonObject, []);
  return { text: raw, found };
}

function parse(body: string): Json {
  if (!/^\s{0,1024}\{/.test(body)) return null;
  try {
    return JSON.parse(body) as Json;
  } catch {
    return null;
  }
}

function count(report: RedactionReport, line: Cleaned): string {
  if (line.found.length > 0) report.exposed++;
  for (const { kind, path } of line.found) {
    report.kinds.set(kind, (report.kinds.get(kind) ?? 0) + 1);
    const place = path.replace(/\[\d+\]/g, "[]");
    if (report.places.has(place) || report.places.size < MAX_PLACES)
      report.places.set(place, (report.places.get(place) ?? 0) + 1);
  }
  return line.text;
}
