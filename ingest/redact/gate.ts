import { holdsEncodedText } from "./encoded.ts";
import { shapes } from "./shapes.ts";
import { createTrigrams, TRIGRAM_MASK } from "./trigrams.ts";

/** Beginnings of the words that the steps of the cleaner look for, in small letters. */
const WORDS =
  'pass pwd pw= pw: pw" seed verif plaint secret token key auth cookie cred bearer basic sess sig jwt otp dsn conn sas sid code assert samlr';
const LITERALS = [...shapes.filter((s) => s.gate === undefined).flatMap((s) => s.at), "PRIVATE KEY"];
/** Shapes with common literals all have a run of 20 characters, so they are tried only where there is one. */
const LONG = new RegExp(shapes.flatMap((s) => s.gate ?? []).join("|"));
const HIDDEN = /%[0-9A-Fa-f]{2}|\\u|~|\|/;

const words = WORDS.split(" ");
const trigrams = createTrigrams([...words, ...LITERALS]);
const folded = new Set(words);

const TABLE = trigrams.table;
const IN_RUN = 1;
const SPACE = 2;
const SIGNAL = 4;
const LONG_RUN = 8;
const CLASS = Uint8Array.from({ length: 256 }, (_, c) => {
  const char = String.fromCharCode(c);
  if (/[A-Za-z0-9+/_-]/.test(char)) return IN_RUN;
  return /\s/.test(char) ? SPACE : "%@\\~|".includes(char) ? SIGNAL : 0;
});

/**
 * mayHold is the first look at a string: false means that no step of the cleaner would change it.
 * One pass over the characters; `extra` finds the operator's own field names.
 */
export function mayHold(s: string, extra: RegExp | null): boolean {
  if (s.length === 36 && isPlainUuid(s)) return false;
  let run = 0;
  let hash = 0;
  let seen = 0;
  const end = s.length;
  for (let i = 0; i < end; i++) {
    const c = s.charCodeAt(i);
    hash = ((hash << 5) | (c & 31)) & TRIGRAM_MASK;
    if (TABLE[hash] === 1 && i > 1 && standsAt(s, i - 2, hash)) return true;
    const kind = CLASS[c & 255]!;
    seen |= kind;
    run = (kind & IN_RUN) === 0 ? 0 : run + 1;
    if (run === 20) seen |= LONG_RUN;
  }
  if ((seen & LONG_RUN) !== 0 && ((seen & SPACE) !== 0 || LONG.test(s) || holdsEncodedText(s))) return true;
  return (
    ((seen & SIGNAL) !== 0 && (HIDDEN.test(s) || (s.includes("@") && s.includes("://")))) || (extra?.test(s) ?? false)
  );
}

function standsAt(s: string, at: number, hash: number): boolean {
  for (const literal of trigrams.literals.get(hash) ?? []) {
    if (s.startsWith(literal, at)) return true;
    if (folded.has(literal) && s.slice(at, at + literal.length).toLowerCase() === literal) return true;
  }
  return false;
}

/** isPlainUuid: the most frequent strings that never repeat (event and request ids) are told at once. */
function isPlainUuid(s: string): boolean {
  for (let i = 0; i < 36; i++) {
    const c = s.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (c !== 45) return false;
    } else if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70))) return false;
  }
  return true;
}
