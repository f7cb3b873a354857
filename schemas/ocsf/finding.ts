import type { Finding } from "../finding.ts";
import { severityId } from "../severity.ts";
import { compact, OCSF_VERSION, product } from "./activity.ts";
import { ocsfAnomalies } from "./anomaly.ts";

/** Analytic types: 1 rule, 2 behavioural, 3 statistical. */
const ANALYTIC = { policy: 1, sigma: 1, fleet: 3, baseline: 3 } as const;

/** ocsfFinding is the finding as OCSF 1.8.0 Detection Finding (2004), its arithmetic as `anomaly_analyses`. */
export function ocsfFinding(f: Finding): object {
  return compact({
    category_uid: 2,
    category_name: "Findings",
    class_uid: 2004,
    class_name: "Detection Finding",
    activity_id: 1,
    activity_name: "Create",
    type_uid: 200401,
    time: f.last_seen,
    severity_id: severityId(f.severity),
    severity: f.severity[0]!.toUpperCase() + f.severity.slice(1),
    status_id: 1,
    status: "New",
    risk_score: Math.round(f.risk * 100),
    confidence_id: f.learning ? 1 : 2,
    message: f.reasons.join(" "),
    metadata: { version: OCSF_VERSION, product, uid: f.uid, log_provider: f.provider },
    finding_info: {
      uid: f.uid,
      title: f.title,
      desc: f.reasons.join(" "),
      analytic: { uid: f.detection, name: f.title, type_id: ANALYTIC[f.kind], version: String(f.detection_version) },
      attacks: f.attacks
        .filter((t) => /^attack\.t\d/.test(t))
        .map((t) => ({ technique: { uid: t.slice(7).toUpperCase() }, version: "16" })),
      first_seen_time: f.first_seen,
      last_seen_time: f.last_seen,
      related_events: f.event_uids.map((uid) => ({ uid, type_uid: 600300 })),
      related_events_count: f.event_count,
    },
    resources:
      f.key_uid === null ? null : [{ uid: f.key_uid, name: f.key_name ?? f.key_hint ?? f.key_uid, type: "API key" }],
    remediation: { desc: f.runbook.join("\n") },
    evidences: [{ actor: { user: compact({ uid: f.principal_uid, name: f.principal }) } }],
    anomaly_analyses: ocsfAnomalies(f),
    unmapped: compact({
      dimension: f.dimension,
      late: f.late,
      learning: f.learning,
      p: f.anomaly.p,
      facts: f.anomaly.facts,
      quiet_if: f.quiet_if,
      explanation: f.anomaly.explanation ?? null,
    }),
  });
}
