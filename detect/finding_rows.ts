import type { Finding } from "../schemas/finding.ts";
import type { Store } from "../schemas/store/store.ts";

/** storeFindings writes findings; a newer version of one replaces it. */
export const storeFindings = (store: Store, findings: readonly Finding[]): Promise<void> =>
  store.insert("findings", findings.map(findingRow));

/** findingRow is a finding as the `findings` table has it. */
export function findingRow(f: Finding): object {
  return {
    uid: f.uid,
    detection: f.detection,
    severity: f.severity,
    title: f.title,
    provider: f.provider,
    account: f.account,
    subject_uid: f.subject_uid,
    principal_uid: f.principal_uid,
    key_uid: f.key_uid,
    key_hint: f.key_hint,
    key_name: f.key_name,
    owner: f.owner,
    environment: f.environment,
    dimension: f.dimension,
    bucket: new Date(f.bucket).toISOString(),
    first_seen: new Date(f.first_seen).toISOString(),
    last_seen: new Date(f.last_seen).toISOString(),
    reasons: f.reasons,
    event_uids: f.event_uids,
    event_count: f.event_count,
    risk: f.risk,
    learning: f.learning,
    late: f.late,
    version: f.version,
    document: JSON.stringify(f),
  };
}
