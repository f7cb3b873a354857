import { codeAt } from "../../schemas/code_at.ts";
import { mayHoldCommon } from "./common.ts";
import { holdsEncodedText } from "./encoded.ts";
import { shapes } from "./shapes.ts";
import { createTrigrams, TRIGRAM_MASK } from "./trigrams.ts";

/** Beginnings of the words that the steps of the cleaner look for, in small letters. */
const WORDS =
  "pass pwd pswd seed verif plaint secret token key auth cookie cred bearer basic sess sig jwt otp dsn conn sas sid code assert samlr csrf xsrf mnemo phrase kubeconf dockerc";
const LITERALS = [...shapes.filter((s) => s.gate === undefined).flatMap((s) => s.at), "PRIVATE KEY"];
const HIDDEN = /%[0-9A-Fa-f]{2}|\\u|~|\|/;

/** `pw` is shorter than a trigram: what may follow it in a name, or part it from its value, makes it longer. */
const PW = [..."abcdefghijklmnopqrstuvwxyz0123456789_-.=: \"'`]\\&>"].map((c) => `pw${c}`);
/** After these curl takes a name and a password. */
const CURL = ["-u", "-user"].flatMap((flag) => [...' ="\\&'].map((c) => flag + c));
const words = [...WORDS.split(" "), ...PW, ...CURL];
const trigrams = createTrigrams([...words, ...LITERALS]);
/** What a trigram may be the beginning of, and whether its letters count in either case. */
const CANDIDATES: ({ literal: string; folded: boolean }[] | undefined)[] = new Array(TRIGRAM_MASK + 1).fill(undefined);
for (const [hash, literals] of trigrams.literals)
  CANDIDATES[hash] = literals.map((literal) => ({ literal, folded: words.includes(literal) }));

const TABLE = trigrams.table;
const NEXT = trigrams.next;
const IN_RUN = 1;
const SPACE = 2;
const SIGNAL = 4;
/** What may part a name from its value: a word of WORDS is nothing where none of these stands. */
const JOINT = 8;
const COLON = 16;
const LONG_RUN = 32;
const WORD = 64;
const AMPERSAND = 128;
const CLASS = Uint8Array.from({ length: 256 }, (_, c) => {
  const char = String.fromCharCode(c);
  if (/[A-Za-z0-9+/_-]/.test(char)) return IN_RUN;
  if (/\s/.test(char)) return SPACE | JOINT;
  if (char === "=") return IN_RUN | JOINT;
  if (char === "[" || char === ">") return JOINT;
  if (char === "&") return AMPERSAND;
  return char === ":" ? COLON : "%@\\~|".includes(char) ? SIGNAL : 0;
});
const MIN_RUN = 20;

/**
 * mayHold is the first look at a string: false means that no step of the cleaner would change it.
 * One pass over the characters, another over those of a string with a long run; `extra` finds the operator's own field names.
 */
export function mayHold(s: string, extra: RegExp | null): boolean {
  if (s.length === 36 && isPlainUuid(s)) return false;
  let broken = -1;
  let hash = 0;
  let seen = 0;
  let wide = 0;
  const end = s.length;
  for (let i = 0; i < end; i++) {
    const c = codeAt(s, i);
    hash = ((hash << 5) | (c & 31)) & TRIGRAM_MASK;
    if (TABLE[hash] === 1 && i > 1 && goesOn(s, i + 1, hash)) {
      const stands = standsAt(s, i - 2, hash);
      if (stands === "shape" || (stands === "word" && (seen & JOINT) !== 0)) return true;
      if (stands === "word") seen |= WORD;
    }
    const kind = CLASS[c & 255]!;
    seen |= kind;
    wide |= c;
    if ((kind & IN_RUN) !== 0) continue;
    if (i - broken > MIN_RUN) seen |= LONG_RUN;
    broken = i;
  }
  // Beyond Latin-1 there are spaces too.
  if (wide > 255) seen |= SPACE | JOINT;
  if (end - broken > MIN_RUN) seen |= LONG_RUN;
  if ((seen & WORD) !== 0 && ((seen & JOINT) !== 0 || ((seen & COLON) !== 0 && PAIR.test(s)))) return true;
  if (
    (seen & LONG_RUN) !== 0 &&
    ((seen & SPACE) !== 0 || mayHoldCommon(s, (seen & SIGNAL) !== 0) || holdsEncodedText(s))
  )
    return true;
  if ((seen & AMPERSAND) !== 0 && (seen & WORD) !== 0 && NAMED_SIGN.test(s)) return true;
  return (
    ((seen & AMPERSAND) !== 0 && CODED_SIGN.test(s)) ||
    ((seen & SIGNAL) !== 0 && (HIDDEN.test(s) || (s.includes("@") && s.includes("://")))) ||
    (extra?.test(s) ?? false)
  );
}

/** What parts a name from its value where HTML is escaped, and what may stand for any character there. */
const NAMED_SIGN = /&(?:gt|quot|apos|amp);/;
const CODED_SIGN = /&#[0-9xX]/;

/** A colon that is not the one of `https://`. */
const PAIR = /:(?!\/\/)/;

const goesOn = (s: string, at: number, hash: number): boolean =>
  ((NEXT[hash]! >>> (at < s.length ? codeAt(s, at) & 31 : 0)) & 1) === 1;

function standsAt(s: string, at: number, hash: number): "shape" | "word" | null {
  let word = false;
  for (const { literal, folded } of CANDIDATES[hash] ?? []) {
    if (!folded) {
      if (s.startsWith(literal, at)) return "shape";
    } else word ||= s.slice(at, at + literal.length).toLowerCase() === literal;
  }
  return word ? "word" : null;
}

/** isPlainUuid: the most frequent strings that never repeat (event and request ids) are told at once. */
function isPlainUuid(s: string): boolean {
  for (let i = 0; i < 36; i++) {
    const c = codeAt(s, i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (c !== 45) return false;
    } else if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70))) return false;
  }
  return true;
}
