import { iso } from "../../schemas/duration.ts";
import { inert } from "../table.ts";
import type { DraftKey } from "./draft.ts";
import type { Proposal } from "./observed.ts";

/** draftYaml writes a draft for a person to edit; every proposal has a comment that says what it rests on. `heading` are lines of comment. */
export function draftYaml(keys: readonly DraftKey[], heading: readonly string[]): string {
  const lines = heading.map((line) => `# ${comment(line)}`);
  lines.push(keys.length === 0 ? "keys: []" : "keys:");
  for (const key of keys) lines.push(...keyLines(key), "");
  return `${lines.join("\n").trimEnd()}\n`;
}

/** draftDocument is the draft as an inventory document, without the comments. */
export function draftDocument(keys: readonly DraftKey[]): { keys: Record<string, unknown>[] } {
  return {
    keys: keys.map((key) =>
      Object.fromEntries(fieldsOf(key).flatMap((f) => (f.value === null ? [] : [[f.name, f.value]]))),
    ),
  };
}

interface Field {
  name: string;
  value: unknown;
  why: string;
}

function fieldsOf(key: DraftKey): Field[] {
  const { declared } = key;
  const proposed = (name: string, { value, why }: Proposal<unknown>): Field => ({ name, value, why });
  const fields: Field[] = [
    { name: "name", value: key.name, why: key.fingerprint === null ? key.hint : `shown as ${key.hint}` },
    { name: "provider", value: key.provider, why: "" },
    key.fingerprint === null
      ? { name: "principal", value: key.principal, why: "" }
      : { name: "fingerprint", value: key.fingerprint, why: "" },
    proposed("owner", key.owner),
    proposed("environment", key.environment),
    proposed("access", key.access),
    proposed("allowed_networks", key.networks),
    proposed("allowed_countries", key.countries),
    proposed("hours", key.hours),
  ];
  if (declared === null) return fields;
  if (declared.revoked_at !== null)
    fields.push({ name: "revoked_at", value: iso(declared.revoked_at), why: "as declared" });
  if (declared.expires_at !== null)
    fields.push({ name: "expires_at", value: iso(declared.expires_at), why: "as declared" });
  if (declared.honeytoken) fields.push({ name: "honeytoken", value: true, why: "as declared" });
  if (declared.scopes !== null) fields.push({ name: "scopes", value: declared.scopes, why: "as declared" });
  if (declared.granted !== null) fields.push({ name: "granted", value: declared.granted, why: "as declared" });
  if (declared.tags.length > 0) fields.push({ name: "tags", value: declared.tags, why: "as declared" });
  return fields;
}

function keyLines(key: DraftKey): string[] {
  const lines: string[] = [];
  for (const { name, value, why } of fieldsOf(key)) {
    const note = why === "" ? "" : ` # ${comment(why)}`;
    const indent = lines.length === 0 ? "  - " : "    ";
    lines.push(value === null ? `    # ${name}: ${comment(why)}` : `${indent}${name}: ${flow(value)}${note}`);
  }
  if (key.rotation !== null)
    lines.push(`    # rotation: ${comment(key.rotation)} # it seems to have replaced that key`);
  if (key.silent !== null) lines.push(`    # ${comment(key.silent)}`);
  return lines;
}

/** comment keeps a text on its line: names come out of logs, and a line break would end the comment. */
const comment = (text: string): string => inert(text).replace(/[\u2028\u2029]/g, " ");

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([k, v]) => `${k}: ${flow(v)}`)
      .join(", ")} }`;
  return typeof value === "string" ? scalar(value) : String(value);
}

const PLAIN = /^[A-Za-z][A-Za-z0-9_.@/-]*$|^\d+(\.\d+){3}\/\d+$/;
const RESERVED = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** scalar quotes all but plain words; what does not print is escaped. */
function scalar(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) return text;
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
