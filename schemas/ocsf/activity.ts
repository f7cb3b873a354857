import type { ApiActivity, ApiOutcome, KeyType, VerbClass } from "../activity.ts";
import { packageVersion } from "../package_root.ts";

export const OCSF_VERSION = "1.8.0";
export const product = { name: "keywatch", vendor_name: "keywatch", version: packageVersion };

const ACTIVITY: Record<VerbClass, number> = { read: 2, write: 3, admin: 3, auth: 99, unknown: 0 };
const CREATE = /^(Create|Put|Add|Insert|Post|Register|Run|Import)/;
const DELETE = /^(Delete|Remove|Terminate|Destroy|Deregister|Revoke)/;

/** activityId gives 1 create, 2 read, 3 update, 4 delete, 99 other, 0 unknown (OCSF API Activity). */
function activityId(e: Pick<ApiActivity, "verb_class" | "operation">): number {
  const id = ACTIVITY[e.verb_class];
  if (id !== 3) return id;
  return CREATE.test(e.operation) ? 1 : DELETE.test(e.operation) ? 4 : 3;
}

const ACTIVITY_NAMES: Record<number, string> = {
  0: "Unknown",
  1: "Create",
  2: "Read",
  3: "Update",
  4: "Delete",
  99: "Authenticate",
};

const statusOf = (outcome: ApiOutcome): { status_id: number; status: string } =>
  outcome === "success"
    ? { status_id: 1, status: "Success" }
    : outcome === "unknown"
      ? { status_id: 0, status: "Unknown" }
      : { status_id: 2, status: "Failure" };

/** ocsfActivity is the event as OCSF 1.8.0 API Activity (6003); what the record does not say is left out. */
export function ocsfActivity(e: ApiActivity): object {
  const activity_id = activityId(e);
  const activity_name = ACTIVITY_NAMES[activity_id]!;
  const inCloud = e.account !== null || e.region !== null;
  return compact({
    category_uid: 6,
    category_name: "Application Activity",
    class_uid: 6003,
    class_name: "API Activity",
    activity_id,
    activity_name,
    type_uid: 600300 + activity_id,
    type_name: `API Activity: ${activity_name}`,
    time: e.time,
    severity_id: 1,
    severity: "Informational",
    ...statusOf(e.outcome),
    status_code: e.error_code,
    metadata: {
      version: OCSF_VERSION,
      product,
      // Attributes of a profile count only where the event names it.
      profiles: inCloud ? ["cloud"] : null,
      uid: e.event_uid,
      log_provider: e.provider,
      logged_time: e.ingested_at,
    },
    actor: {
      user: compact({
        uid: e.principal_uid,
        name: e.principal,
        account: e.account === null ? null : { uid: e.account },
      }),
      session:
        e.session_uid === null && e.key_uid === null
          ? null
          : compact({ uid: e.session_uid, credential_uid: e.key_uid }),
    },
    api: {
      operation: e.operation,
      service: e.service === null ? null : { name: e.service },
      response:
        e.error_code === null && e.status_code === null ? null : compact({ error: e.error_code, code: e.status_code }),
      token: e.key_uid === null ? null : { uid: e.key_uid, ...tokenType(e.key_type) },
    },
    src_endpoint: sourceOf(e),
    http_request: e.user_agent === null ? null : { user_agent: e.user_agent },
    resources: e.resources.length === 0 ? null : e.resources.map((name) => ({ name })),
    cloud: inCloud
      ? compact({ provider: e.provider, account: e.account === null ? null : { uid: e.account }, region: e.region })
      : null,
    unmapped: compact({
      verb_class: e.verb_class,
      outcome: e.outcome,
      src_kind: e.src_kind,
      subject_uid: e.subject_uid,
      position: e.position,
    }),
    raw_data: e.raw,
  });
}

const tokenType = (kind: KeyType): { type_id: number; type: string } =>
  kind === "long_lived" ? { type_id: 7, type: "API Token" } : { type_id: 6, type: "Client Token" };

function sourceOf(e: ApiActivity): object {
  const isAddress = e.src_kind === "ip" || e.src_kind === "private";
  return compact({
    ip: isAddress ? e.src_ip : null,
    name: isAddress ? null : (e.src_ip ?? "unknown"),
    autonomous_system: e.asn === null ? null : compact({ number: e.asn, name: e.as_org }),
    location:
      e.country === null
        ? null
        : compact({ country: e.country, region: e.region_geo, city: e.city, lat: e.lat, long: e.lon }),
  });
}

/** compact drops members that are null, one level at a time where it is asked. */
export function compact(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== null && v !== undefined)
      .map(([k, v]) => [k, isPlain(v) ? compact(v) : v]),
  );
}

const isPlain = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
