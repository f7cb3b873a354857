import { formatDuration } from "../schemas/duration.ts";
import { type Incident, incidentLabel } from "../schemas/incident.ts";
import type { Severity } from "../schemas/severity.ts";
import { oneLine } from "./clean.ts";
import { keyLabel } from "./fold.ts";
import { type Message, plural, statusOf, utc } from "./template.ts";

export interface RenderOptions {
  /** ANSI colours, only when somebody asked for them. */
  colour?: boolean;
  /** Columns; text is wrapped to it, 100 when not told. */
  width?: number;
  /** Where the page shows the incident. */
  link?: string;
}

/**
 * renderIncident draws one incident for a terminal. The first line says how bad, which key, what and from where; below it
 * who and when, why, and what to do now. All text is made harmless first.
 */
export function renderIncident(incident: Incident, options: RenderOptions = {}): string {
  const paint = painter(options.colour ?? false, incident.severity);
  const width = Math.max(60, options.width ?? 100);
  const lines: string[] = [];
  const badge = ` ${incident.severity.toUpperCase()} `;
  const [head = "", ...more] = wrap(oneLine(incident.title, 240), width - badge.length - 2);
  lines.push(`${paint.badge(badge)}  ${paint.bold(head)}`);
  for (const line of more) lines.push(`${" ".repeat(badge.length + 2)}${paint.bold(line)}`);

  for (const [name, parts] of contextOf(incident)) {
    for (const [i, line] of wrapParts(parts, width - INDENT.length - NAME_WIDTH).entries()) {
      lines.push(`${INDENT}${paint.dim((i === 0 ? name : "").padEnd(NAME_WIDTH))}${line}`);
    }
  }
  section("Why", incident.reasons, () => "•");
  section("Do now", incident.runbook, (i) => `${i + 1}.`);
  if (options.link !== undefined) lines.push("", `${INDENT}${paint.dim(oneLine(options.link, 300))}`);
  return lines.join("\n");

  function section(title: string, items: readonly string[], mark: (i: number) => string): void {
    if (items.length === 0) return;
    lines.push("", INDENT + paint.accent(title));
    for (const [i, item] of items.entries()) {
      const bullet = `${mark(i)} `;
      const [first = "", ...rest] = wrap(oneLine(item, 600), width - INDENT.length * 2 - bullet.length);
      lines.push(`${INDENT}${INDENT}${paint.accent(bullet)}${first}`);
      for (const line of rest) lines.push(INDENT + INDENT + " ".repeat(bullet.length) + line);
    }
  }
}

/** renderMessage draws what the console channel says: the incident the first time, one line for what happens later. */
export function renderMessage(message: Message, options: RenderOptions = {}): string {
  const link = message.links[0]?.url;
  if (message.root === null) {
    const drawn = renderIncident(message.incident, { ...options, ...(link === undefined ? {} : { link }) });
    return `${drawn}\n`;
  }
  const paint = painter(options.colour ?? false, message.severity);
  const badge = paint.badge(` ${message.severity.toUpperCase()} `);
  return message.changes
    .map((change) => `${badge}  ${paint.bold(message.label)}  ${keyLabel(message.incident)}: ${change}`)
    .join("\n");
}

const INDENT = "  ";

const NAME_WIDTH = 7;

/** contextOf: which key, whose, when, how much. */
function contextOf(i: Incident): [string, string[]][] {
  const key = i.key_name !== null && i.key_hint !== null ? `${i.key_name} (${i.key_hint})` : keyLabel(i);
  const span = i.last_seen - i.first_seen;
  const sameDay = utc(i.first_seen).slice(0, 10) === utc(i.last_seen).slice(0, 10);
  const until = utc(i.last_seen).slice(sameDay ? 11 : 0);
  const heldBy = i.principal === null || i.principal === i.key_name ? null : `held by ${i.principal}`;
  const where = i.account === null ? i.provider : `${i.provider} ${i.account}`;
  const rows: [string, (string | null)[]][] = [
    ["key", [key, heldBy, where, i.members.length > 0 ? `and ${plural(i.members.length, "key")} more` : null]],
    [
      "owner",
      [
        i.owner ?? "not declared",
        i.environment,
        i.suggested ? `says it was ${i.suggested.verdict.replace("_", " ")}` : null,
      ],
    ],
    [
      "when",
      [`${utc(i.first_seen)}${span > 0 ? ` to ${until}` : ""} UTC`, span > 0 ? `for ${formatDuration(span)}` : null],
    ],
    [
      "seen",
      [plural(i.finding_uids.length, "finding"), plural(i.event_count, "event"), `risk ${Math.round(i.risk)} of 100`],
    ],
    ["state", [statusOf(i), incidentLabel(i.uid)]],
  ];
  return rows.map(([name, parts]) => [
    name,
    parts.flatMap((part) => (part === null || part === "" ? [] : [oneLine(part, 120)])),
  ]);
}

/** wrapParts sets parts side by side with a dot between them; a line never begins or ends with one. */
function wrapParts(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts.flatMap((p) => wrap(p, width))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 3 <= width) lines[lines.length - 1] = `${last} · ${part}`;
    else lines.push(part);
  }
  return lines;
}

/** wrap breaks a line at blanks; a word longer than the width is broken hard. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    while (word.length > width) {
      lines.push(word.slice(0, width));
      word = word.slice(width);
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

const BACKGROUND: Record<Severity, string> = {
  informational: "47;30",
  low: "46;30",
  medium: "43;30",
  high: "41;97;1",
  critical: "45;97;1",
};
const FOREGROUND: Record<Severity, string> = {
  informational: "37",
  low: "36",
  medium: "33",
  high: "31",
  critical: "35",
};

function painter(colour: boolean, severity: Severity) {
  const wrapIn = (code: string) => (text: string) => (colour && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text);
  const badge = colour ? wrapIn(BACKGROUND[severity]) : (text: string) => `[${text.trim()}]`;
  return { badge, bold: wrapIn("1"), dim: wrapIn("2"), accent: wrapIn(`1;${FOREGROUND[severity]}`) };
}
