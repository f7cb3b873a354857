import type { Incident, Verdict } from "../incident.ts";
import { severityId } from "../severity.ts";
import { compact, OCSF_VERSION, product } from "./activity.ts";

/** What is told of an incident beside its state. */
export interface OcsfTelling {
  /** The same for every attempt to tell it. */
  id: string;
  /** When it happened, ms. */
  at: number;
  activity: "create" | "update" | "close";
  /** What happened, in words. */
  comment: string;
  url: string | null;
}

const ACTIVITY = { create: 1, update: 2, close: 3 } as const;
const STATUS: Record<Incident["status"], [number, string]> = {
  open: [1, "New"],
  reopened: [1, "New"],
  acknowledged: [2, "In Progress"],
  resolved: [4, "Resolved"],
  merged_into: [4, "Resolved"],
};
/** OCSF knows no "expected": it is a benign use. */
const VERDICT: Record<Verdict, [number, string]> = {
  false_positive: [1, "False Positive"],
  true_positive: [2, "True Positive"],
  benign: [5, "Benign"],
  expected: [5, "Benign"],
};

/** ocsfIncident is the state of an incident as OCSF 1.8.0 Detection Finding (2004) with the incident profile. */
export function ocsfIncident(i: Incident, { id, at, activity, comment, url }: OcsfTelling): object {
  const [status_id, status] = STATUS[i.status];
  const [verdict_id, verdict] = i.verdict === null ? [null, null] : VERDICT[i.verdict];
  const severity_id = severityId(i.severity);
  return compact({
    category_uid: 2,
    category_name: "Findings",
    class_uid: 2004,
    class_name: "Detection Finding",
    activity_id: ACTIVITY[activity],
    activity_name: activity[0]!.toUpperCase() + activity.slice(1),
    type_uid: 200400 + ACTIVITY[activity],
    time: at,
    start_time: i.first_seen,
    end_time: i.last_seen,
    count: Math.max(1, i.event_count),
    severity_id,
    severity: i.severity[0]!.toUpperCase() + i.severity.slice(1),
    ...{ status_id, status, verdict_id, verdict, comment },
    assignee: i.assignee === null ? null : { name: i.assignee },
    is_suspected_breach: i.verdict === "true_positive" ? true : null,
    is_alert: activity !== "close",
    risk_score: Math.round(i.risk),
    message: i.title,
    src_url: url,
    metadata: { version: OCSF_VERSION, product, uid: id, log_provider: i.provider, profiles: ["incident", "cloud"] },
    cloud: compact({ provider: i.provider, account: i.account === null ? null : { uid: i.account } }),
    finding_info: compact({
      uid: i.uid,
      title: i.title,
      desc: i.reasons.join(" "),
      analytic: { uid: i.detections[0] ?? "keywatch", name: i.detections[0] ?? "keywatch", type_id: 1 },
      types: i.detections,
      created_time: i.opened_at,
      modified_time: i.updated_at,
      first_seen_time: i.first_seen,
      last_seen_time: i.last_seen,
      related_events: i.finding_uids.map((uid) => ({ uid, type_uid: 200401 })),
      related_events_count: i.finding_uids.length,
      tags: i.tags.map((name) => ({ name })),
      src_url: url,
    }),
    resources: [
      compact({
        uid: i.key_uid ?? i.subject_uid,
        name: i.key_name ?? i.key_hint ?? i.subject_uid,
        type: "API key",
        owner: i.owner === null ? null : { name: i.owner },
      }),
    ],
    evidences: [{ actor: { user: compact({ uid: i.principal_uid, name: i.principal }) } }],
    remediation: i.runbook.length > 0 ? { desc: i.runbook.join("\n") } : null,
    unmapped: compact({ environment: i.environment, merged_into: i.merged_into, n: i.n }),
  });
}
