import type { Json, JsonObject } from "./provider.ts";

export type Reader = (record: JsonObject) => Json | undefined;

/**
 * compilePath makes a reader of a dotted path: `actor.key.id`, `items.0.name` or `items[0].name`; a dot inside a name is written
 * `\.`, a backslash `\\`. Only a record's own fields are read, never what a prototype holds.
 */
export function compilePath(path: string): Reader {
  const parts = splitPath(path);
  if (parts.length === 1) {
    const name = parts[0]!;
    return (record) => (Object.hasOwn(record, name) ? record[name] : undefined);
  }
  return (record) => {
    let value: Json | undefined = record;
    for (const part of parts) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
      value = (value as JsonObject)[part];
    }
    return value;
  };
}

function splitPath(path: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let i = 0; i < path.length; i++) {
    const c = path[i]!;
    if (c === "\\" && i + 1 < path.length) part += path[++i]!;
    else if (c === "." || c === "[") {
      if (part !== "" || c === ".") parts.push(part);
      part = "";
    } else if (c === "]") {
      parts.push(part);
      part = "";
      if (path[i + 1] === ".") i++;
    } else part += c;
  }
  if (part !== "" || parts.length === 0) parts.push(part);
  return parts;
}
