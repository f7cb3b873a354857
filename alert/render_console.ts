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

  for (const row of contextOf(incident)) {
    const [first = "", ...rest] = wrap(row.join("  ·  "), width - INDENT.length);
    for (const line of [first, ...rest]) lines.push(INDENT + paint.dim(line));
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
    .map((change) => `${badge}  ${paint.bold(message.label)} ${change}  ${paint.dim(message.title)}`)
    .join("\n");
}

const INDENT = "  ";

/** contextOf: who holds it, when, how much. */
function contextOf(i: Incident): string[][] {
  const key = i.key_name !== null && i.key_hint !== null ? `key ${i.key_name} (${i.key_hint})` : `key ${keyLabel(i)}`;
  const span = i.last_seen - i.first_seen;
  const sameDay = utc(i.first_seen).slice(0, 10) === utc(i.last_seen).slice(0, 10);
  const until = utc(i.last_seen).slice(sameDay ? 11 : 0);
  const when = span > 0 ? `${utc(i.first_seen)} - ${until} UTC (${formatDuration(span)})` : `${utc(i.first_seen)} UTC`;
  const rows: (string | null)[][] = [
    [
      key,
      i.principal === null || i.principal === i.key_name ? null : `held by ${i.principal}`,
      i.owner === null ? "owner unknown" : `owner ${i.owner}`,
      i.environment,
      i.account === null ? i.provider : `${i.provider} ${i.account}`,
    ],
    [when, plural(i.finding_uids.length, "finding"), plural(i.event_count, "event"), `risk ${Math.round(i.risk)}`],
    [incidentLabel(i.uid), statusOf(i), i.members.length > 0 ? plural(i.members.length, "key") : null],
  ];
  return rows.map((row) => row.filter((part) => part !== null && part !== "").map((part) => oneLine(part!, 120)));
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
