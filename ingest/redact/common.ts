import { codeAt } from "../../schemas/code_at.ts";
import { isAlnum } from "./match.ts";
import { type Shape, shapes } from "./shapes.ts";

/** Shapes whose literals are too common to stop at: each has a gate, a pattern for the first look. */
const common = shapes.filter((s) => s.gate !== undefined);
const GATES = new RegExp(common.map((s) => s.gate).join("|"));
const ASCII = 128;
const DOT = 46;
const ALNUM = Uint8Array.from({ length: ASCII }, (_, c) => (isAlnum(c) ? 1 : 0));
/** Signs at which the first look stops anyway, so that literals with them need none here. */
const TOLD_BY_SIGN = /[~|]/;
const NONE = 0;
const ANY = 1;
/** What follows the two characters by which a literal begins: the third one, ANY, or NONE where no literal begins so. */
const THIRD = new Uint8Array(ASCII * ASCII);
for (const literal of common.flatMap(literalsOf)) {
  const pair = codeAt(literal, 0) * ASCII + codeAt(literal, 1);
  const third = literal.length > 2 ? codeAt(literal, 2) : ANY;
  THIRD[pair] = THIRD[pair] === NONE || THIRD[pair] === third ? third : ANY;
}

function literalsOf(shape: Shape): readonly string[] {
  const literals = shape.at.filter((literal) => !TOLD_BY_SIGN.test(literal));
  const inside = literals.find((literal) => shape.inner && codeAt(literal, 0) !== DOT);
  if (inside !== undefined) throw new Error(`${shape.kind}: "${inside}" may stand where nobody looks`);
  return literals;
}

/**
 * mayHoldCommon tells whether a key with a common literal may stand in a string: the gates are tried only where such a literal begins a
 * word, for a regular expression of 20 alternatives costs more than all else of the first look. `escaped` says that there are
 * backslashes: the letter of an escape (`\n`) stands before a word and is none of its letters.
 */
export function mayHoldCommon(s: string, escaped: boolean): boolean {
  if (escaped || beginsAt(s, 0)) return GATES.test(s);
  for (let i = 0, last = s.length - 2; i < last; i++) {
    const c = codeAt(s, i);
    if (c < ASCII && ALNUM[c] === 1) continue;
    if (beginsAt(s, i + 1) || (c === DOT && beginsAt(s, i))) return GATES.test(s);
  }
  return false;
}

function beginsAt(s: string, at: number): boolean {
  if (at + 1 >= s.length) return false;
  const a = codeAt(s, at);
  const b = codeAt(s, at + 1);
  if (!(a < ASCII && b < ASCII)) return false;
  const third = THIRD[a * ASCII + b]!;
  return third === ANY || (third !== NONE && at + 2 < s.length && codeAt(s, at + 2) === third);
}
