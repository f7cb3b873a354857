import type { Severity } from "../schemas/severity.ts";
import { type Answerers, canAnswer, questionOf } from "./answers.ts";
import { escapeSlack, fitEscaped } from "./clean.ts";
import { keyMatchers } from "./inbound/quiet.ts";
import { buttonValue } from "./inbound/slack.ts";
import type { Message } from "./template.ts";

/** Slack's limits: header 150, section 3,000, field 2,000, 10 fields; the whole message about 13,000, ours at most 12,000. */
const HEADER = 150;
const SECTION = 2_800;
const FIELD = 300;

const EMOJI: Record<Severity, string> = {
  informational: ":information_source:",
  low: ":large_blue_circle:",
  medium: ":large_yellow_circle:",
  high: ":red_circle:",
  critical: ":rotating_light:",
};

/**
 * slackMessage gives the whole incident as blocks (the root message), and the change alone (for its thread). Text of logs
 * is escaped and marked verbatim, so that Slack makes neither mentions nor links of it. Buttons are there for those who may answer.
 */
export function slackMessage(message: Message, buttons: Answerers | "none" = "none") {
  const severity = message.severity.toUpperCase();
  const closed = message.incident.status === "resolved";
  const emoji = closed ? ":white_check_mark:" : EMOJI[message.severity];
  const title = fitEscaped(message.title, HEADER - severity.length - 4, escapeSlack);
  const metadata = { event_type: "keywatch_transition", event_payload: { id: message.id } };
  const blocks: object[] = [
    { type: "header", text: { type: "plain_text", text: `[${severity}] ${title}`, emoji: false } },
    ...(buttons === "owner"
      ? [{ type: "section", text: plain(fitEscaped(questionOf(message), SECTION, (t) => t)) }]
      : []),
  ];
  const fields = message.facts.slice(0, 10);
  // Slack refuses a section without any.
  if (fields.length > 0)
    blocks.push({
      type: "section",
      fields: fields.map(([name, value]) => mrkdwn(`*${name}*\n${fitEscaped(value, FIELD, escapeSlack)}`)),
    });
  if (message.why.length > 0) blocks.push(list("Why", message.why, () => "•"));
  if (message.steps.length > 0) blocks.push(list("Do now", message.steps, (i) => `${i + 1}.`));
  const links = message.links.map((l) => `<${l.url}|${escapeSlack(l.label)}>`);
  blocks.push({ type: "context", elements: [mrkdwn([`${emoji} ${message.label}`, ...links].join("  ·  "))] });

  if (buttons !== "none") blocks.push(...actionsOf(message, buttons));

  const said = fitEscaped(message.changes.join("\n"), SECTION, escapeSlack);
  const quiet = { unfurl_links: false, unfurl_media: false };
  const change = `${emoji} ${message.label}: ${said}`;
  return {
    whole: { text: `[${severity}] ${title} (${message.label})`, blocks },
    change: { text: change, blocks: [{ type: "section", text: mrkdwn(change) }] },
    /** What a new message carries beside its content: how keywatch finds its own message again, and no previews. */
    envelope: { metadata, ...quiet },
  };
}

function list(title: string, items: readonly string[], mark: (i: number) => string): object {
  const each = Math.floor((SECTION - 20) / items.length) - 8;
  const lines = items.map((item, i) => `${mark(i)} ${fitEscaped(item, Math.min(each, 500), escapeSlack)}`);
  return { type: "section", text: mrkdwn(`*${title}*\n${lines.join("\n")}`) };
}

/** actionsOf gives the buttons that still make sense; what was clicked comes back signed. */
function actionsOf(message: Message, who: Answerers): object[] {
  const value = buttonValue(message.incident.uid, message.to_n);
  const button = (name: string, label: string, more: object = {}) => ({
    type: "button",
    action_id: `keywatch_${name}`,
    text: { type: "plain_text", text: label, emoji: false },
    value,
    ...more,
  });
  const [page] = message.links;
  const open = page ? [button("open", "Open", { url: page.url })] : [];
  if (!canAnswer(message, who)) return open.length > 0 ? [{ type: "actions", elements: open }] : [];
  const elements =
    who === "owner"
      ? [button("yes", "Yes, that was me"), button("no", "No, it was not", { style: "danger" })]
      : [
          ...(message.incident.status === "acknowledged"
            ? []
            : [button("acknowledge", "Acknowledge", { style: "primary" })]),
          button("expected", "Expected", { confirm: EXPECTED }),
          ...(keyMatchers(message.incident) ? [button("silence", "Silence 1 h")] : []),
          ...open,
        ];
  return [{ type: "actions", elements }];
}

const EXPECTED = {
  title: { type: "plain_text", text: "Was this expected?" },
  text: { type: "plain_text", text: "It resolves the incident, and keywatch will take the same for usual." },
  confirm: { type: "plain_text", text: "Expected" },
  deny: { type: "plain_text", text: "Back" },
};

const plain = (text: string) => ({ type: "plain_text", text, emoji: false });
const mrkdwn = (text: string) => ({ type: "mrkdwn", text, verbatim: true });
