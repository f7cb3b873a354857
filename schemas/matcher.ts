import { z } from "zod";

/** Matcher is Alertmanager's: a label, one of = != =~ !~, and a value; regular expressions match the whole value. */
export interface Matcher {
  label: string;
  op: "=" | "!=" | "=~" | "!~";
  value: string;
  regex: RegExp | null;
}

export type Labels = Record<string, string>;

/** parseMatcher reads `severity=~"high|critical"`; quotes may be left out. Errors are thrown as sentences. */
export function parseMatcher(text: string): Matcher {
  const match = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s.exec(text);
  if (!match) throw new Error(`"${text}" is no matcher; write it like severity=~"high|critical"`);
  const [, label = "", op = "=", quoted = ""] = match;
  const value = /^".*"$/s.test(quoted) ? quoted.slice(1, -1).replaceAll('\\"', '"').replaceAll("\\\\", "\\") : quoted;
  let regex: RegExp | null = null;
  if (op.includes("~")) {
    try {
      regex = new RegExp(`^(?:${value})$`, "s");
    } catch (cause) {
      throw new Error(`"${text}": ${(cause as Error).message}`, { cause });
    }
  }
  return { label, op: op as Matcher["op"], value, regex };
}

/** matches tells whether the labels satisfy the matcher; a missing label is the empty string, as in Alertmanager. */
export function matches(matcher: Matcher, labels: Labels): boolean {
  const actual = labels[matcher.label] ?? "";
  const hit = matcher.regex ? matcher.regex.test(actual) : actual === matcher.value;
  return matcher.op.startsWith("!") ? !hit : hit;
}

/** matcher is a zod field for one matcher in its text form. */
export const matcher = z.string().transform((text, ctx): Matcher => {
  try {
    return parseMatcher(text);
  } catch (error) {
    ctx.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});
