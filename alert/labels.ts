import { iso } from "../schemas/duration.ts";
import { type Incident, incidentLabel } from "../schemas/incident.ts";
import { type Severity, severities } from "../schemas/severity.ts";
import type { Message } from "./template.ts";

/** MAX_CHANGES of a message are told; more come together only after a long outage. */
const MAX_CHANGES = 20;

/** PromAlert is one alert as Prometheus sends it. */
export interface PromAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  generatorURL?: string;
}

/** promLabels name an incident for Alertmanager: what identifies it there, so nothing that changes but the severity. */
export function promLabels(i: Incident): Record<string, string> {
  const labels: Record<string, string | null> = {
    alertname: "KeywatchIncident",
    incident: incidentLabel(i.uid),
    severity: i.severity,
    provider: i.provider,
    account: i.account,
    environment: i.environment,
    owner: i.owner,
    key: i.key_name ?? i.key_hint ?? i.principal,
    detection: i.detections[0] ?? null,
  };
  // An empty label is none.
  return Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

export function promAlert(message: Message, labels: Record<string, string>): PromAlert {
  const { title, label, incident, changes, why, steps, links } = message;
  const [page] = links;
  const annotations: Record<string, string> = {
    summary: `${title} (${label})`,
    description: why.join("\n"),
    do_now: steps.map((s, i) => `${i + 1}. ${s}`).join("\n"),
    changes: changes.slice(-MAX_CHANGES).join("\n"),
    status: incident.status,
    verdict: incident.verdict ?? "",
    assignee: incident.assignee ?? "",
  };
  return {
    labels,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([, text]) => text !== "")),
    startsAt: iso(incident.opened_at),
    ...(page ? { generatorURL: page.url } : {}),
  };
}

export const isOver = (i: Incident): boolean => i.status === "resolved" || i.status === "merged_into";

/** severitiesFrom lists the severities from one to another: those that an incident may have been told with. */
export const severitiesFrom = (from: Severity, to: Severity): Severity[] =>
  severities.slice(severities.indexOf(from), severities.indexOf(to) + 1);
