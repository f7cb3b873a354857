import type { Sink } from "./match.ts";
import type { Step } from "./rebuild.ts";

/** SecretFound tells what stood where; never its value. `path` is like `requestParameters.headers[2].value`. */
export interface SecretFound {
  kind: string;
  path: string;
}

/** Notes are what one record's redaction removed: the report, and the values to sweep from the rest of the record. */
export interface Notes extends Sink {
  found: SecretFound[];
  values: Map<string, string>;
}

const MAX_FOUND = 20;
/** Shorter values are left elsewhere: replacing every "admin" would take words, not secrets. */
const MIN_SWEPT = 8;
const MAX_NAME = 64;

/** createNotes starts the notes of one record; `where` tells the path at hand. A kind ending in `~` is a part of a noted secret. */
export function createNotes(where: () => string): Notes {
  const found: SecretFound[] = [];
  const values = new Map<string, string>();
  return {
    found,
    values,
    add(kind, value) {
      const part = kind.endsWith("~");
      const name = part ? kind.slice(0, -1) : kind;
      if (!part && found.length < MAX_FOUND) found.push({ kind: name, path: where() });
      if (value.length >= MIN_SWEPT && !value.startsWith("[redacted:")) values.set(value, name);
    },
  };
}

/** pathText writes a path the way people read it; names are cut at 64 characters. */
export function pathText(path: readonly Step[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else {
      const name = step.slice(0, MAX_NAME);
      text += /^[A-Za-z_$][\w$-]*$/.test(name) ? (text === "" ? name : `.${name}`) : `[${JSON.stringify(name)}]`;
    }
  }
  return text === "" ? "$" : text;
}
