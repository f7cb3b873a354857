import { iso } from "../schemas/duration.ts";
import { incidentLabel } from "../schemas/incident.ts";
import { isOver, promAlert, promLabels } from "./labels.ts";
import { siemEvent } from "./siem.ts";
import type { Message } from "./template.ts";

export type WebhookFormat = "keywatch" | "alertmanager" | "ocsf" | "cloudevents";

/** webhookBody is the message in the format that the receiver understands. */
export function webhookBody(format: WebhookFormat, message: Message): object {
  switch (format) {
    case "keywatch":
      return { type: typeOf(message), timestamp: iso(message.at), data: dataOf(message) };
    case "alertmanager":
      return alertmanagerBody(message);
    case "ocsf":
      return siemEvent(message, "ocsf");
    case "cloudevents":
      return cloudEvent(message);
  }
}

function dataOf(message: Message): object {
  const { incident, links, changes, label, facts, why, steps, title } = message;
  const transitions = message.transitions.map((t) => ({ ...t, at: iso(t.at) }));
  return { label, title, transitions, changes, why, steps, facts: Object.fromEntries(facts), links, incident };
}

function typeOf({ kind, root, test }: Message): string {
  if (test) return "test.ping";
  if (kind === "acknowledged" || kind === "reopened" || kind === "resolved") return `incident.${kind}`;
  return kind === "opened" || root === null ? "incident.triggered" : "incident.updated";
}

/** What Go calls the zero time: Alertmanager's webhook says so for an alert without an end. */
const NO_END = "0001-01-01T00:00:00Z";

/** alertmanagerBody is version 4 of Alertmanager's webhook: a group of one alert. */
function alertmanagerBody(message: Message): object {
  const { incident } = message;
  const status = isOver(incident) ? "resolved" : "firing";
  const alert = promAlert(message, promLabels(incident));
  const { labels, annotations } = alert;
  const groupLabels = { alertname: labels.alertname, incident: incidentLabel(incident.uid) };
  const endsAt = status === "resolved" ? iso(Math.max(message.at, incident.opened_at)) : NO_END;
  const page = alert.generatorURL ?? "";
  return {
    version: "4",
    groupKey: `{}:{alertname="${groupLabels.alertname}", incident="${groupLabels.incident}"}`,
    truncatedAlerts: 0,
    status,
    receiver: "keywatch",
    groupLabels,
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: page === "" ? "" : new URL(page).origin,
    // The fingerprint has to stay while labels change: it is the incident's.
    alerts: [
      { status, ...alert, generatorURL: page, endsAt, fingerprint: incident.uid.replaceAll("-", "").slice(0, 16) },
    ],
  };
}

/** cloudEvent is CloudEvents 1.0 in structured mode; source and id together are the idempotency key. */
const cloudEvent = (message: Message): object => ({
  specversion: "1.0",
  id: message.id,
  source: "urn:keywatch:incidents",
  type: `keywatch.${typeOf(message)}`,
  subject: message.incident.uid,
  time: iso(message.at),
  datacontenttype: "application/json",
  data: dataOf(message),
});
