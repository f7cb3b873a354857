import { codeAt } from "../../schemas/code_at.ts";
import { rawHint } from "../fingerprint.ts";
import { type Shape, shapes } from "./shapes.ts";
import { createTrigrams, TRIGRAM_MASK } from "./trigrams.ts";

/** Sink takes note of what a step removed: its kind, and the value so that it can be removed elsewhere. */
export interface Sink {
  add(kind: string, value: string): void;
}

/** marker stands where a secret stood. */
export const marker = (kind: string): string => `[redacted:${kind}]`;

/** standsForKey tells what the redactor leaves of a key: its marker, or its hint. */
export const standsForKey = (text: string): boolean => /\[redacted:[a-z0-9_]+\]|\.\.\.|…/.test(text);

interface Tried extends Shape {
  sticky: RegExp;
  global: RegExp;
}
/** bounded gives open-ended loops an end: a run of megabytes would exhaust the matcher's stack. */
const bounded = (form: string): string => form.replace(/\{(\d+),\}/g, "{$1,65536}").replace(/(?<=\])\*/g, "{0,65536}");
/** No letter or digit stands before, save as part of an escape; the pattern form of isBoundary. */
const BOUNDARY = "(?:(?<![A-Za-z0-9])|(?<=\\\\[nrtbf])|(?<=%[0-9A-Fa-f]{2}))";
const tried: Tried[] = shapes.map((s) => ({
  ...s,
  sticky: new RegExp(bounded(s.form), "y"),
  global: new RegExp(s.inner ? bounded(s.form) : `${BOUNDARY}(?:${bounded(s.form)})`, "g"),
}));
/** Shapes whose literal stands inside or is common are searched for one by one; the others by their first three letters. */
const searched = tried.filter((s) => s.inner || s.gate !== undefined);
/** Most strings hold none of their literals. */
const SEARCHED = new RegExp(
  searched.flatMap((s) => s.at.map((literal) => literal.replace(/[.|+]/g, "\\$&"))).join("|"),
);
const begun = tried.filter((s) => !searched.includes(s));
const trigrams = createTrigrams(begun.flatMap((s) => s.at));
const byLiteral = new Map<string, Tried[]>();
for (const shape of begun)
  for (const literal of shape.at) byLiteral.set(literal, [...(byLiteral.get(literal) ?? []), shape]);

/** More failed long reads than this is an attack on the redactor: such a string goes whole. */
const MAX_OPEN_ATTEMPTS = 20_000;

/** cleanShapes replaces every key of a known form; public ids become hints and are not reported. */
export function cleanShapes(text: string, sink: Sink): string {
  let s = cleanPrivateKeys(text, sink);
  if (!SEARCHED.test(s)) return cleanStarts(s, sink);
  for (const shape of searched) {
    if (!shape.at.some((literal) => s.includes(literal))) continue;
    s = s.replace(shape.global, (value) => (passes(shape, value) ? taken(shape, value, sink) : value));
  }
  return cleanStarts(s, sink);
}

function cleanStarts(s: string, sink: Sink): string {
  let out = "";
  let kept = 0;
  let hash = 0;
  const open = { attempts: 0 };
  for (let i = 0, end = s.length; i < end; i++) {
    hash = ((hash << 5) | (codeAt(s, i) & 31)) & TRIGRAM_MASK;
    const at = i - 2;
    if (trigrams.table[hash] !== 1 || at < kept || !isBoundary(s, at)) continue;
    const hit = keyAt(s, at, hash, open);
    if (open.attempts > MAX_OPEN_ATTEMPTS) return whole("hostile_text", s, sink);
    if (hit === null) continue;
    out += s.slice(kept, at) + taken(hit.shape, hit.value, sink);
    kept = at + hit.value.length;
    i = kept - 1;
  }
  return kept === 0 ? s : out + s.slice(kept);
}

function keyAt(
  s: string,
  at: number,
  hash: number,
  open: { attempts: number },
): { shape: Shape; value: string } | null {
  for (const literal of trigrams.literals.get(hash) ?? []) {
    if (!s.startsWith(literal, at)) continue;
    for (const shape of byLiteral.get(literal) ?? []) {
      shape.sticky.lastIndex = at;
      const value = shape.sticky.exec(s)?.[0];
      if (value !== undefined && passes(shape, value)) return { shape, value };
      if (value !== undefined || shape.open) open.attempts++;
    }
  }
  return null;
}

/** shapeKind names the form that a value as a whole has, or null. */
export function shapeKind(value: string): string | null {
  if (value.length > 8192) return null;
  let kind: string | null = null;
  const rest = cleanShapes(value, { add: (k) => (kind ??= k) });
  return kind !== null && rest === marker(kind) ? kind : null;
}

/** whole takes a value out and puts its marker there. */
export function whole(kind: string, value: string, sink: Sink): string {
  sink.add(kind, value);
  return marker(kind);
}

function taken(shape: Shape, value: string, sink: Sink): string {
  return shape.public ? rawHint(value) : whole(shape.kind, value, sink);
}

function passes(shape: Shape, value: string): boolean {
  if (shape.guard === undefined) return true;
  if (!/[0-9]/.test(value)) return false;
  return shape.guard === "digit" || (/[a-z]/.test(value) && /[A-Z]/.test(value));
}

/** isBoundary holds where no letter or digit stands before, save as part of an escape (\n, %3D). */
function isBoundary(s: string, at: number): boolean {
  if (at === 0 || !isAlnum(codeAt(s, at - 1))) return true;
  if (at > 1 && codeAt(s, at - 2) === 92) return "nrtbf".includes(s[at - 1]!);
  return at > 2 && codeAt(s, at - 3) === 37 && /^[0-9A-Fa-f]{2}$/.test(s.slice(at - 2, at));
}

/** isAlnum tells ASCII letters and digits by their code. */
export const isAlnum = (c: number): boolean => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122);

/** opensPrivateKey tells a line with which a private key begins and does not end. */
export function opensPrivateKey(line: string): boolean {
  const opened = line.lastIndexOf("-----BEGIN");
  return opened >= 0 && line.includes("PRIVATE KEY", opened) && !line.includes("-----END", opened);
}

/** cleanPrivateKeys removes PEM and PGP private keys; one that never ends takes the rest of the text. */
function cleanPrivateKeys(s: string, sink: Sink): string {
  let label = s.indexOf("PRIVATE KEY");
  if (label < 0) return s;
  let out = "";
  let kept = 0;
  while (label >= 0) {
    const from = Math.max(kept, label - 40);
    const begin = from + s.slice(from, label).lastIndexOf("-----BEGIN");
    if (begin >= from) {
      const end = s.indexOf("-----END", label);
      const close = end < 0 ? -1 : s.indexOf("-----", end + 8);
      const stop = close < 0 ? s.length : close + 5;
      out += s.slice(kept, begin) + whole("private_key", s.slice(begin, stop), sink);
      kept = stop;
    }
    label = s.indexOf("PRIVATE KEY", Math.max(kept, label + 11));
  }
  return out + s.slice(kept);
}
