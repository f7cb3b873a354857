import { codeAt } from "../../schemas/code_at.ts";
import { isOpaque } from "./entropy.ts";
import { marker, type Sink } from "./match.ts";

/** Loops in patterns are bounded: an endless run would exhaust the matcher's stack. */
const RUN = /[A-Za-z0-9+/_-]{20,1048576}={0,2}/g;
/** Tried where a piece begins and nowhere inside it: paths are many short pieces. */
const PIECE = /(?<![A-Za-z0-9+])[A-Za-z0-9+]{20,1048576}={0,2}/g;
const MAX_RUN = 1_048_576;

/**
 * cleanBase64 looks inside every run of base64 that decodes to printable text (UTF-8, or UTF-16 as PowerShell encodes).
 * A run goes whole when something in it had to go, or when it wraps one opaque token; the latter is not reported.
 */
export function cleanBase64(s: string, clean: (text: string) => string, sink: Sink): string {
  return s.replace(RUN, (run) => {
    const whole = cleanRun(run, clean, sink);
    if (whole !== run || !/[/_-]/.test(run)) return whole;
    return run.replace(PIECE, (piece) => cleanRun(piece, clean, sink));
  });
}

function cleanRun(run: string, clean: (text: string) => string, sink: Sink): string {
  const text = decodePrintable(run);
  if (text === null) return run;
  if (run.length >= MAX_RUN) return marker("encoded_text");
  const cleaned = clean(text);
  if (cleaned !== text) {
    const kind = /\[redacted:([a-z0-9_]+)\]/.exec(cleaned)?.[1] ?? "encoded";
    sink.add(`${kind}~`, run);
    return marker(kind);
  }
  return isOpaque(text.trim()) ? marker("encoded_token") : run;
}

/** decodePrintable gives the text of a base64 run, or null when it is binary: the first bytes decide most cases. */
export function decodePrintable(run: string): string | null {
  const head = Buffer.from(run.slice(0, 12), "base64");
  const wide = head.length >= 6 && head[1] === 0 && head[3] === 0 && head[5] === 0;
  for (let i = 0; i < 8 && i < head.length; i += wide ? 2 : 1) if (!isPrintable(head[i]!)) return null;
  const text = Buffer.from(run, "base64").toString(wide ? "utf16le" : "utf8");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text
  return /[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(text) ? null : text;
}

const isPrintable = (byte: number): boolean => (byte >= 32 && byte < 127) || byte === 10 || byte === 13 || byte === 9;

/** decodePercent decodes what can be decoded and leaves the rest; `+` is a space only in forms and is kept. */
export function decodePercent(s: string): string {
  return s.replace(/(?:%[0-9A-Fa-f]{2}){1,65536}/g, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"),
  );
}

/** HTML as text, where it may hold a name or a value: decoded once, what was escaped twice is escaped still. */
export const ENTITY = /&(?:lt|gt|quot|apos|amp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});/;
const ENTITIES = new RegExp(ENTITY, "g");
const SIGNS: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** decodeEntities gives the text that an escaped piece of HTML or XML shows. */
export function decodeEntities(s: string): string {
  return s.replace(ENTITIES, (entity) => {
    const name = entity.slice(1, -1);
    if (name[0] !== "#") return SIGNS[name]!;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : entity;
  });
}

const SIX_BITS = new Int16Array(256).fill(-1);
for (const [i, c] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries())
  SIX_BITS[codeAt(c, 0)] = i;
SIX_BITS[45] = 62;
SIX_BITS[95] = 63;

const INSIDE = 0;
const JOINT = 1;
const BETWEEN = 2;
/** Where a character stands: inside of a piece, between pieces of one run, or between runs. */
const BREAKS = Uint8Array.from({ length: 256 }, (_, c) =>
  "/_-".includes(String.fromCharCode(c)) ? JOINT : SIX_BITS[c]! >= 0 ? INSIDE : BETWEEN,
);

/** The shortest run that is looked into, as RUN and PIECE have it. */
const MIN_RUN = 20;

/** holdsEncodedText tells, without decoding, whether a run, or a piece of one between / _ and -, begins as base64 of text would. */
export function holdsEncodedText(s: string): boolean {
  let run = 0;
  let piece = 0;
  const end = s.length;
  for (let i = 0; i <= end; i++) {
    const c = i < end ? codeAt(s, i) : 0;
    const kind = c < 256 ? BREAKS[c]! : BETWEEN;
    if (kind === INSIDE) continue;
    if (i - piece >= MIN_RUN && beginsAsText(s, piece)) return true;
    piece = i + 1;
    if (kind === JOINT) continue;
    if (i - run >= MIN_RUN && beginsAsText(s, run)) return true;
    run = i + 1;
  }
  return false;
}

function beginsAsText(s: string, at: number): boolean {
  for (let i = at; i < at + 8; i += 4) {
    let bits = 0;
    for (let j = i; j < i + 4; j++) {
      const c = codeAt(s, j);
      const six = c < 256 ? SIX_BITS[c]! : -1;
      if (six < 0) return false;
      bits = bits * 64 + six;
    }
    const [a, b, c] = [bits >> 16, (bits >> 8) & 255, bits & 255];
    if (!((isPrintable(a) || a === 0) && (isPrintable(b) || b === 0) && (isPrintable(c) || c === 0))) return false;
  }
  return true;
}
