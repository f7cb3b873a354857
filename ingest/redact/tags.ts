import { type Sink, whole } from "./match.ts";
import type { NameVerdict } from "./names.ts";
import { show } from "./pairs.ts";

/** An element whose content is text, closed or cut off; a name in angle brackets within a sentence is neither. */
const ELEMENT =
  /(<([A-Za-z_][\w.:-]{0,63})(?:\s[^<>]{0,200})?>\s{0,64}(?:<!\[CDATA\[)?)([^<>\s][^<>]{0,1048576})(?=\]\]>|<\/|$)/g;

/** A text with more elements named so is a dump or an attack: it goes whole. */
const MAX_NAMED = 10_000;

/** cleanTags removes the secrets of XML elements: `<name>value</name>` is a pair of a name and its value. */
export function cleanTags(s: string, names: (name: string) => NameVerdict, sink: Sink): string {
  if (!s.includes("<") || !s.includes(">")) return s;
  let named = 0;
  const cleaned = s.replace(ELEMENT, (all, open: string, name: string, content: string) => {
    const verdict = names(name);
    if (verdict.sort === "plain" || verdict.sort === "safe") return all;
    if (++named > MAX_NAMED) return all;
    const value = content.trimEnd();
    const shown = show(value, verdict, { sink, query: false, prose: false });
    return shown === null ? all : open + shown + content.slice(value.length);
  });
  return named > MAX_NAMED ? whole("hostile_text", s, sink) : cleaned;
}
