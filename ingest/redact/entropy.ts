import { codeAt } from "../../schemas/code_at.ts";

const LOWER = 1;
const UPPER = 2;
const DIGIT = 3;
const SYMBOL = 4;
const OTHER = 0;

/** Character class by ASCII code; symbols are those that encoded keys use. */
const CLASS = Uint8Array.from({ length: 128 }, (_, c) => {
  if (c >= 97 && c <= 122) return LOWER;
  if (c >= 65 && c <= 90) return UPPER;
  if (c >= 48 && c <= 57) return DIGIT;
  return "+/=_~.-%".includes(String.fromCharCode(c)) ? SYMBOL : OTHER;
});

const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** BREAK[previous * 5 + class] is 1 where one class after the other speaks for a drawn value. */
const BREAK = new Uint8Array(25);
for (const [a, b] of [
  [LOWER, UPPER],
  [LOWER, DIGIT],
  [DIGIT, LOWER],
  [UPPER, DIGIT],
  [DIGIT, UPPER],
] as const)
  BREAK[a * 5 + b] = 1;

/** isHex tells digests and ids in hexadecimal: of one case, or they are mixed on purpose and no digest. */
export const isHex = (s: string): boolean => s.length <= 1024 && /^(?:[0-9a-f]{16,}|[0-9A-F]{16,})$/.test(s);
export const isUuid = (s: string): boolean =>
  s.length === 36 && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(s);

/** looksRandom tells a drawn value from a word, name, path, address, digest or UUID. Meant for values that a name or word makes suspect. */
export function looksRandom(s: string): boolean {
  if (s.length < 16 || isHex(s)) return false;
  const m = measure(s.length < 36 || s.length > 512 ? s : s.replace(UUIDS, ""));
  if (m === null || m.digits === 0 || m.letters === 0) return false;
  if (m.slashes > 1 + s.length / 16 || m.dots > 3) return false;
  const mixedCase = m.upper > 0 && m.lower > 0;
  return (
    m.length >= 16 && m.distinct >= Math.min(14, m.length * 0.4) && m.breaks >= m.length * (mixedCase ? 0.2 : 0.16)
  );
}

/** looksDense is looksRandom for prose where nothing else points at the word: all classes, many breaks, 20 characters. */
export function looksDense(s: string): boolean {
  if (s.length < 20 || isHex(s)) return false;
  const m = measure(s);
  if (m === null || m.dots > 0 || m.slashes > 1 + s.length / 16) return false;
  return m.digits > 1 && m.upper > 2 && m.lower > 2 && m.distinct >= 10 && m.breaks >= m.length * 0.28;
}

/** isOpaque tells a single token that carries no words: UUID, digest, drawn value, or letters and digits at length without a break. */
export const isOpaque = (s: string): boolean =>
  isUuid(s) ||
  isHex(s) ||
  looksRandom(s) ||
  (/^[A-Za-z0-9]{20,1024}$/.test(s) && /\d.*\d.*\d/.test(s) && /[A-Za-z]{2}/.test(s));

interface Measure {
  lower: number;
  upper: number;
  letters: number;
  digits: number;
  slashes: number;
  dots: number;
  /** Places where a digit meets a letter or a capital follows a small letter: words have few, drawn values one in two. */
  breaks: number;
  length: number;
  distinct: number;
}

/** measure counts classes and their changes over the first 512 characters; null when a character stands that no key has. */
function measure(s: string): Measure | null {
  const end = Math.min(s.length, 512);
  let [lower, upper, digits, slashes, dots, breaks, previous] = [0, 0, 0, 0, 0, 0, 0];
  let seenLow = 0;
  let seenMid = 0;
  let seenHigh = 0;
  for (let i = 0; i < end; i++) {
    const c = codeAt(s, i);
    const cls = c < 128 ? CLASS[c]! : OTHER;
    if (cls === OTHER) return null;
    if (cls === LOWER) lower++;
    else if (cls === UPPER) upper++;
    else if (cls === DIGIT) digits++;
    else if (c === 47) slashes++;
    else if (c === 46) dots++;
    if (c < 64) seenLow |= 1 << (c - 32);
    else if (c < 96) seenMid |= 1 << (c - 64);
    else seenHigh |= 1 << (c - 96);
    if (BREAK[previous * 5 + cls] === 1) breaks++;
    previous = cls;
  }
  const distinct = bits(seenLow) + bits(seenMid) + bits(seenHigh);
  return { lower, upper, letters: lower + upper, digits, slashes, dots, breaks, length: end, distinct };
}

function bits(mask: number): number {
  let n = 0;
  for (let m = mask; m !== 0; m &= m - 1) n++;
  return n;
}
