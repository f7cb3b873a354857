import { isObject } from "./json.ts";
import type { Json, JsonObject } from "./provider.ts";

/** More edits cost more than to write the whole anew. */
const MAX_EDITS = 4;

/**
 * keptText gives JSON text of what a provider keeps of a record: the record's own text, with what goes cut out and what changes replaced.
 * Where that cannot be done, `kept` is written anew. A text in which JSON.stringify's way of writing was not kept comes out with another
 * length than `kept` has, by which the redactor tells.
 */
export function keptText(text: string, record: JsonObject, kept: JsonObject): string {
  const edits: Edit[] = [];
  let out: string | null = collect(record, kept, edits) ? text : null;
  for (const edit of edits) out &&= edited(out, edit);
  return out ?? JSON.stringify(kept);
}

interface Edit {
  name: string;
  value: Json;
  /** Undefined where the member goes. */
  shown: Json | undefined;
}

function collect(record: JsonObject, kept: JsonObject, into: Edit[]): boolean {
  for (const name in kept) if (!(name in record)) return false;
  for (const name in record) {
    const value = record[name]!;
    const shown = kept[name];
    if (shown === value) continue;
    if (isObject(value)) {
      if (!isObject(shown) || !collect(value, shown, into)) return false;
    } else if (Array.isArray(value) || into.push({ name, value, shown }) > MAX_EDITS) return false;
  }
  return true;
}

/** edited changes the one place where a member stands; null where it is not the only one of its kind, or is written in another way. */
function edited(text: string, { name, value, shown }: Edit): string | null {
  const key = `${JSON.stringify(name)}:`;
  const member = key + JSON.stringify(value);
  const from = text.indexOf(member);
  if (from < 0 || text.includes(member, from + 1)) return null;
  const to = from + member.length;
  if (shown !== undefined) return text.slice(0, from) + key + JSON.stringify(shown) + text.slice(to);
  if (text[to] === ",") return text.slice(0, from) + text.slice(to + 1);
  return text.slice(0, text[from - 1] === "," ? from - 1 : from) + text.slice(to);
}
