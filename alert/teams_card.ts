import type { Severity } from "../schemas/severity.ts";
import { cut } from "./clean.ts";
import { isOver } from "./labels.ts";
import type { Message } from "./template.ts";

/**
 * Teams takes 28 KB, and counts two bytes a character where it is told no charset: 14,000 characters fit either way.
 * Details are left out of a longer card.
 */
const MAX_BYTES = 14_000;
const LEVELS = [
  { items: 10, chars: 600 },
  { items: 5, chars: 300 },
  { items: 2, chars: 120 },
  { items: 1, chars: 40 },
];
const MAX_LINKS = 4;

const COLOUR: Record<Severity, string> = {
  informational: "accent",
  low: "accent",
  medium: "warning",
  high: "attention",
  critical: "attention",
};

/** teamsMessage is the body for a workflow that posts an adaptive card. */
export function teamsMessage(message: Message): string {
  let body = "";
  for (const level of LEVELS) {
    const content = cardOf(message, level);
    body = JSON.stringify({
      type: "message",
      attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
    });
    if (Buffer.byteLength(body) <= MAX_BYTES) break;
  }
  return body;
}

/** cardOf uses runs of rich text alone: a text block would read Markdown out of what a log says. */
function cardOf(message: Message, { items, chars }: (typeof LEVELS)[number]): object {
  const { severity, title, label, facts, changes, why, steps, links, root, incident } = message;
  const text = (value: string) => inert(cut(value, chars));
  const colour = isOver(incident) ? "good" : COLOUR[severity];
  const section = (name: string, lines: readonly string[], mark: (i: number) => string) =>
    lines.length === 0
      ? []
      : [
          block([run(name, { weight: "Bolder" })], { spacing: "Medium", separator: true }),
          ...lines.slice(0, items).map((line, i) => block([run(`${mark(i)} ${text(line)}`)], { spacing: "Small" })),
        ];
  const body = [
    block([run(`[${severity.toUpperCase()}] ${text(title)}`, { weight: "Bolder", size: "Medium", color: colour })]),
    // A webhook knows no threads: what is new leads.
    ...(root === null ? [] : changes.slice(-items).map((c) => block([run(text(c), { color: colour })]))),
    ...facts.map(([name, value]) =>
      block([run(`${name}: `, { weight: "Bolder" }), run(inert(cut(value, Math.min(chars, 200))))], {
        spacing: "None",
      }),
    ),
    ...section("Why", why, () => "•"),
    ...section("Do now", steps, (i) => `${i + 1}.`),
    block([run(label, { isSubtle: true, size: "Small" })], { spacing: "Medium" }),
  ];
  return {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    // What a phone and a screen reader say of it.
    speak: `${severity}: ${text(title)}`,
    msteams: { width: "Full" },
    body,
    actions: links
      .slice(0, MAX_LINKS)
      .map(({ label: name, url }) => ({ type: "Action.OpenUrl", title: inert(name), url })),
  };
}

const block = (inlines: object[], more: object = {}) => ({ type: "RichTextBlock", inlines, ...more });
const run = (text: string, more: object = {}) => ({ type: "TextRun", text, ...more });

/** inert breaks what clients read inside plain text too: dates and templates in braces, and mentions. */
const inert = (text: string): string =>
  text
    .replace(/\{(?=\{)/g, "{ ")
    .replace(/([$@])\{/g, "$1 {")
    .replace(/<(?=\/?at\b)/gi, "‹");
