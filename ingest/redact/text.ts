import { cleanCommand } from "./commands.ts";
import { cleanBase64, decodeEntities, decodePercent, ENTITY } from "./encoded.ts";
import { cleanLiterals } from "./literal.ts";
import { cleanShapes, type Sink } from "./match.ts";
import type { NameVerdict } from "./names.ts";
import { cleanPairs } from "./pairs.ts";
import { cleanProse } from "./prose.ts";
import { cleanTags } from "./tags.ts";

const MAX_NESTING = 4;
const SECRET_AFTER_ID =
  /(?<![A-Za-z0-9])((?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+]{1,24})([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/g;

const CODES = [
  { sign: /%[0-9A-Fa-f]{2}/, decode: decodePercent },
  { sign: ENTITY, decode: decodeEntities },
];

/** createTextCleaner joins the steps in their order: JSON inside, names, shapes, percent and HTML signs, base64, prose. */
export function createTextCleaner(
  names: (name: string) => NameVerdict,
  cleanJson: (value: object, depth: number, sink: Sink) => string | null,
): (s: string, sink: Sink, depth?: number) => string {
  const clean = (text: string, sink: Sink, depth = 0): string => {
    let s = text;
    const inside = depth < MAX_NESTING ? parse(s) : null;
    if (inside !== null) {
      const cleaned = cleanJson(inside, depth + 1, sink);
      if (cleaned !== null) return cleaned;
    }
    if (inside === null && depth < MAX_NESTING) s = cleanLiterals(s, (value) => cleanJson(value, depth + 1, sink));
    s = s.replace(SECRET_AFTER_ID, (_all, id: string, secret: string) => {
      sink.add("aws_secret_access_key", secret);
      return `${id}[redacted:aws_secret_access_key]`;
    });
    s = cleanTags(cleanCommand(s, names, sink), names, sink);
    s = cleanPairs(s, names, sink);
    s = cleanShapes(s, sink);
    if (depth >= MAX_NESTING) return s;
    for (const { sign, decode } of CODES) {
      if (!sign.test(s)) continue;
      const decoded = decode(s);
      const cleaned = clean(decoded, sink, depth + 1);
      if (cleaned !== decoded) s = cleaned;
    }
    s = cleanBase64(s, (inner) => clean(inner, sink, depth + 1), sink);
    return cleanProse(s, sink);
  };
  return clean;
}

/** parse gives the object or array that a string holds as JSON (also as a quoted string holding JSON), else null. */
function parse(s: string): object | null {
  const first = /\S/.exec(s)?.[0];
  if (first !== "{" && first !== "[" && first !== '"') return null;
  try {
    const value: unknown = JSON.parse(s);
    if (typeof value === "string") return parse(value);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
