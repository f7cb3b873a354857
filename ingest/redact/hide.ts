import { codeAt } from "../../schemas/code_at.ts";
import { rawHint } from "../fingerprint.ts";
import { createRecent } from "../recent.ts";
import { isFindable, MIN_ID } from "./sweep.ts";

/**
 * Hiding is how an id is taken out of JSON text. `inside` replaces it wherever it stands, `whole` only strings that are nothing else,
 * `never` is too short to be one; `parsed` cannot be told in text and needs the parsed value.
 */
export interface Hiding {
  how: "inside" | "whole" | "never" | "parsed";
  hint: string;
}

/** createHidings remembers how ids are hidden, for they repeat. */
export function createHidings(): (id: string) => Hiding {
  const known = createRecent<Hiding>(14, 256);
  return (id) => {
    let hiding = known.get(id);
    if (hiding === undefined) {
      hiding = { how: howToHide(id), hint: rawHint(id) };
      known.set(id, hiding);
    }
    return hiding;
  };
}

/** Letters that JSON text has as they are, and that do not part its members. */
const PLAIN = /^[A-Za-z0-9/][A-Za-z0-9_.\-/@:=+~ ()|!*'#$%;&?]*$/;

function howToHide(id: string): Hiding["how"] {
  if (id.includes("…") || id.includes("...")) return "parsed";
  if (!isFindable(id)) return id.length < MIN_ID ? "never" : PLAIN.test(id) ? "whole" : "parsed";
  if (!PLAIN.test(id)) return "parsed";
  // Numbers stand outside of strings, and 1.5e-300 has a letter.
  return /[A-DF-Za-df-z/_]/.test(id) ? "inside" : "parsed";
}

const BACKSLASH = 92;

/** hide replaces ids in JSON text; null where an id may begin inside an escape, which only the parsed value can tell. */
export function hide(text: string, keyIds: readonly string[], hidingOf: (id: string) => Hiding): string | null {
  let out = text;
  for (const id of keyIds) {
    const { how, hint } = hidingOf(id);
    if (how === "never") continue;
    const sought = how === "whole" ? `"${id}"` : id;
    const shown = how === "whole" ? `"${hint}"` : hint;
    let at = out.indexOf(sought);
    if (at < 0) continue;
    let next = "";
    let kept = 0;
    for (; at >= 0; at = out.indexOf(sought, kept)) {
      for (let back = Math.max(0, at - 5); back < at; back++) if (codeAt(out, back) === BACKSLASH) return null;
      next += out.slice(kept, at) + shown;
      kept = at + sought.length;
    }
    out = next + out.slice(kept);
  }
  return out;
}
