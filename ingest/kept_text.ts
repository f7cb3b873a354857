import type { Json, JsonObject } from "./provider.ts";

/**
 * keptText gives the JSON text of what a provider keeps of a record: the record's own text with the changed members cut out or replaced,
 * which costs less than writing all of it anew. Text that is not written as JSON.stringify does comes out with another length than `kept`
 * has, which the redactor takes as a sign to write it itself.
 */
export function keptText(text: string, record: JsonObject, kept: JsonObject): string {
  for (const name in kept) if (!(name in record)) return JSON.stringify(kept);
  let out = text;
  for (const name in record) {
    const value = record[name]!;
    const shown = kept[name];
    if (shown === value) continue;
    // To write a part of many members twice costs more than to write the whole once.
    if (typeof value !== "string") return JSON.stringify(kept);
    const member = memberText(name, value);
    const at = out.indexOf(member);
    if (at < 0 || out.includes(member, at + 1)) return JSON.stringify(kept);
    const end = at + member.length;
    out =
      shown !== undefined
        ? out.slice(0, at) + memberText(name, shown) + out.slice(end)
        : out[end] === ","
          ? out.slice(0, at) + out.slice(end + 1)
          : out.slice(0, out[at - 1] === "," ? at - 1 : at) + out.slice(end);
  }
  return out;
}

const memberText = (name: string, value: Json): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
