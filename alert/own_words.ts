import { PLACEHOLDER, type Placeholder, type Template } from "../schemas/message_template.ts";
import { inertCell, oneLine } from "./clean.ts";
import { type Message, statusOf, utc } from "./template.ts";

/**
 * withTemplate puts the operator's own words into a message. Values are filled in once and not looked at again, so a brace
 * in a log names nothing; the whole is plain text, which each channel escapes as it escapes everything.
 */
export function withTemplate(message: Message, template: Template): Message {
  // A digest or a heartbeat is about no key.
  if (message.bundle && message.bundle.kind !== "group") return message;
  const values = valuesOf(message);
  const fill = (text: string, max: number) =>
    inertCell(
      oneLine(
        text.replace(PLACEHOLDER, (whole, name: string) => values[name as Placeholder] ?? whole),
        max - 1,
      ),
    );
  const { facts = {}, do_now = [] } = template;
  const title = template.title === undefined ? message.title : fill(template.title, 240);
  const steps = [...do_now.map((text) => fill(text, 400)), ...message.steps];
  return {
    ...message,
    title,
    steps,
    incident: { ...message.incident, title, runbook: steps },
    facts: [
      ...Object.entries(facts).map(([name, text]): [string, string] => [name, fill(text, 300)]),
      ...message.facts,
    ],
  };
}

function valuesOf({ incident: i, title, label, key, severity, links }: Message): Record<Placeholder, string> {
  const text = (value: string | null | undefined) => oneLine(value ?? "", 200) || "unknown";
  return {
    ...{
      title: text(title),
      severity,
      label,
      key: text(key),
      key_hint: text(i.key_hint),
      principal: text(i.principal),
    },
    ...{ owner: text(i.owner), environment: text(i.environment), provider: text(i.provider), account: text(i.account) },
    ...{ from: text(i.from), since: `${utc(i.first_seen)} UTC`, status: text(statusOf(i)) },
    ...{ risk: String(Math.round(i.risk)), detection: text(i.detections[0]), url: text(links[0]?.url) },
  };
}
