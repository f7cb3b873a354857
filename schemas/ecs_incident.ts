import { iso } from "./duration.ts";
import type { Incident } from "./incident.ts";
import { compact, product } from "./ocsf/activity.ts";
import type { OcsfTelling } from "./ocsf/incident.ts";
import { severityId } from "./severity.ts";

const ECS_VERSION = "8.11.0";
const ACTION = { create: "incident-opened", update: "incident-updated", close: "incident-closed" } as const;

/** ecsIncident is the state of an incident as an alert in the Elastic Common Schema. */
export function ecsIncident(i: Incident, { id, at, activity, comment, url }: OcsfTelling): object {
  return compact({
    "@timestamp": iso(at),
    ecs: { version: ECS_VERSION },
    message: i.title,
    tags: i.tags.length > 0 ? i.tags : null,
    event: compact({
      id,
      kind: "alert",
      category: ["intrusion_detection"],
      type: activity === "close" ? ["end"] : activity === "create" ? ["start"] : ["info"],
      action: ACTION[activity],
      module: "keywatch",
      dataset: "keywatch.incident",
      provider: i.provider,
      severity: severityId(i.severity),
      risk_score: Math.round(i.risk),
      created: iso(i.opened_at),
      start: iso(i.first_seen),
      end: iso(i.last_seen),
      reason: i.reasons.join(" "),
      url,
    }),
    rule: { id: i.detections[0] ?? "keywatch", name: i.title, ruleset: "keywatch" },
    user: compact({ id: i.principal_uid, name: i.principal }),
    cloud: i.account === null ? null : { account: { id: i.account } },
    observer: { vendor: product.vendor_name, product: product.name, version: product.version },
    labels: compact({
      incident: i.uid,
      severity: i.severity,
      status: i.status,
      verdict: i.verdict,
      assignee: i.assignee,
      key_uid: i.key_uid,
      key: i.key_name ?? i.key_hint,
      owner: i.owner,
      environment: i.environment,
      change: comment,
      do_now: i.runbook.length > 0 ? i.runbook.join(" ") : null,
    }),
  });
}
