import type { ApiOutcome, VerbClass } from "../../schemas/activity.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, items, member, text, timeOf } from "../fields.ts";
import { isObject, textOf } from "../json.ts";
import { outcomeOfErrorCode, outcomeOfMessage, outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type Json, type JsonObject } from "../provider.ts";
import { verbOfName } from "../verbs.ts";

/**
 * Google Cloud Audit Logs: LogEntry with an AuditLog as protoPayload (admin activity, data access, policy denied, system event), also
 * with the small letters that warehouses give the outer names.
 */
export default defineProvider({
  id: "gcp_audit",
  title: "Google Cloud Audit Logs",
  latenessMs: 5 * 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: false },
  claims: (record) => isAudit(record),
  normalize,
});

function isAudit(record: JsonObject): boolean {
  const payload = record.protoPayload ?? record.protopayload;
  if (!isObject(payload)) return false;
  const type = payload["@type"] ?? payload.at_sign_type;
  if (typeof type === "string") return type.endsWith("google.cloud.audit.AuditLog");
  return (
    "methodName" in payload ||
    "serviceName" in payload ||
    "authenticationInfo" in payload ||
    "authorizationInfo" in payload
  );
}

function normalize(record: JsonObject): Outcome<Draft> {
  const payload = member(record, "protoPayload");
  const granted = items(field(payload, "authorizationInfo"));
  // Some services leave the method out; the permission they asked for says the same in other words.
  const operation =
    text(payload, "methodName") ?? granted.map((g) => text(g, "permission")).find((p) => p !== null) ?? null;
  if (payload === null || operation === null) return deadLetter("neither methodName nor a permission");
  const meta = member(payload, "requestMetadata");
  const time = timeOf(
    field(record, "timestamp"),
    field(member(meta, "requestAttributes"), "time"),
    field(record, "receiveTimestamp"),
    // Some exports slip the outer members into the payload.
    field(payload, "timestamp"),
    field(payload, "receiveTimestamp"),
  );
  if (isFault(time)) return time;
  const logName = text(record, "logName");
  const insertId = text(record, "insertId");
  const part = partOf(record, time);
  const result = resultOf(member(payload, "status"), granted);
  return ok(
    draft({
      // insertId is unique within one time and log only.
      event_uid:
        part !== null
          ? `${part.id}/${operation}`
          : insertId === null
            ? null
            : `${insertId}/${text(record, "timestamp") ?? ""}/${logName?.split("%2F").pop() ?? ""}`,
      time: part?.begun ?? time,
      account: accountOf(record, logName, text(payload, "resourceName")),
      ...callerOf(member(payload, "authenticationInfo")),
      operation,
      service: text(payload, "serviceName")?.replace(/\.googleapis\.com$/, "") ?? null,
      verb_class: verbOf(operation, askedOf(granted, result.outcome), logName),
      ...result,
      source: text(meta, "callerIp") ?? text(meta, "callerIP"),
      user_agent: text(meta, "callerSuppliedUserAgent"),
      region: regionOf(record),
      resources: named(text(payload, "resourceName"), ...granted.map((g) => text(g, "resource"))),
      ...(result.outcome === "success" ? keysOf(operation, payload) : {}),
    }),
  );
}

/** How long an operation may take, ms. */
const LONGEST_MS = 7 * DAY_MS;

/**
 * partOf reads the operation that a record begins or ends. Of a long one there are two records; where its id holds the time at which it
 * began (Compute Engine, GKE, BigQuery), both get that time and that id, so that they are one call, by whichever of them is read first.
 */
function partOf(record: JsonObject, time: number | null): { id: string; begun: number } | null {
  const operation = member(record, "operation");
  const id = text(operation, "id");
  if (id === null || time === null || isTrue(field(operation, "first")) === isTrue(field(operation, "last")))
    return null;
  const begun = Number(/^(?:operation-)?(\d{13})-/.exec(id)?.[1] ?? Number.NaN);
  return begun <= time + SLACK_MS && begun >= time - LONGEST_MS ? { id, begun } : null;
}

/** How far the clocks of one cloud are apart, ms. */
const SLACK_MS = 60_000;

const isTrue = (value: Json | undefined): boolean => value === true || value === "true";

function accountOf(record: JsonObject, logName: string | null, resourceName: string | null): string | null {
  const labels = member(member(record, "resource"), "labels");
  const owner = /^(?:projects|organizations|folders|billingAccounts)\/([^/]+)/;
  return (
    text(labels, "project_id") ??
    owner.exec(logName ?? "")?.[1] ??
    owner.exec(resourceName ?? "")?.[1] ??
    text(labels, "organization_id")
  );
}

function regionOf(record: JsonObject): string | null {
  const labels = member(member(record, "resource"), "labels");
  return text(labels, "location") ?? text(labels, "region") ?? text(labels, "zone");
}

type Caller = Pick<
  Draft,
  "key_id" | "key_type" | "session_uid" | "session_kind" | "principal_uid" | "principal" | "principal_type"
>;

/** callerOf reads who called. With delegation the service account acts for somebody: that use of it is a session. */
function callerOf(info: JsonObject | null): Caller {
  const subject = text(info, "principalSubject");
  const email = text(info, "principalEmail");
  const uid = email ?? subject?.replace(/^(user|serviceAccount):/, "") ?? null;
  const key = /\/keys\/([^/]+)$/.exec(text(info, "serviceAccountKeyName") ?? "")?.[1] ?? null;
  const by = delegatorOf(info);
  const service = uid?.endsWith(".gserviceaccount.com") || (subject?.startsWith("serviceAccount:") ?? false);
  const federated = subject !== null && /workload(Identity)?Pools|workforcePools/.test(subject);
  return {
    key_id: key,
    key_type: key !== null ? "long_lived" : by !== null || federated ? "temporary" : "none",
    session_uid: by === null || uid === null ? null : `${uid}/${by}`,
    session_kind: federated ? "federated" : by === null ? "none" : "assumed_role",
    principal_uid: uid,
    principal: uid === null || by === null ? uid : `${uid}/${by}`,
    principal_type: uid === null ? "unknown" : service ? "service" : "human",
  };
}

/** The first of the chain is who began it. */
function delegatorOf(info: JsonObject | null): string | null {
  const first = items(field(info, "serviceAccountDelegationInfo"))[0] ?? null;
  return text(member(first, "firstPartyPrincipal"), "principalEmail") ?? text(first, "principalSubject");
}

/** gRPC codes (google.rpc.Code) that do not say plain failure. */
const CODES: Record<number, ApiOutcome> = {
  0: "success",
  3: "invalid",
  5: "not_found",
  6: "invalid",
  7: "denied",
  8: "throttled",
  9: "invalid",
  11: "invalid",
  12: "invalid",
  16: "unauthenticated",
};

/** The names of those codes, by their number. */
const CODE_NAMES =
  "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED".split(
    " ",
  );

function resultOf(status: JsonObject | null, granted: JsonObject[]): Pick<Draft, "outcome" | "error_code"> {
  const value = field(status, "code");
  const told = typeof value === "number" ? `${value}` : textOf(value);
  const named = told === null ? 0 : CODE_NAMES.indexOf(told.toUpperCase());
  const code = named >= 0 ? named : Number(told);
  const message = text(status, "message");
  if (Number.isNaN(code)) return { outcome: outcomeOfErrorCode(told!), error_code: told };
  if (code !== 0)
    return { outcome: CODES[code] ?? (code >= 100 ? outcomeOfStatus(code) : "error"), error_code: `${code}` };
  const refused = granted.filter((g) => g.granted === false).length;
  if (message !== null) return { outcome: refused > 0 ? "denied" : outcomeOfMessage(message), error_code: null };
  // A permission that was refused to a call that went well was none that it needed.
  const denied = refused > 0 && (status === null || refused === granted.length);
  return { outcome: denied ? "denied" : "success", error_code: null };
}

/** askedOf gives the permissions that tell what a call did: of one that went well, those that it was granted. */
const askedOf = (granted: JsonObject[], outcome: ApiOutcome): JsonObject[] =>
  outcome === "success" ? granted.filter((g) => g.granted !== false) : granted;

/** Methods and permissions that change identities, keys, policies, logs or billing, or that hand out credentials and secrets. */
const ADMIN =
  /iampolicy|serviceaccount|serviceAccountKey|\bkeys?\.(create|delete|upload|disable|enable)|apikeys|generate(access|id)token|signjwt|signblob|accesssecretversion|secretmanager.*(create|add|update|delete|destroy|enable|disable)|\broles?\b|iam\.|sink|exclusion|logging.*(bucket|view|metric)|configservice|orgpolic|billing|accesscontextmanager|workloadidentitypool|rolebinding|clusterrole|oslogin|sshkey|setcommoninstancemetadata|setmetadata|cryptokey.*(destroy|policy)|identityprovider|rbac\.authorization/i;

/** The strongest of several permissions says what the call did. */
function verbOf(operation: string, asked: JsonObject[], logName: string | null): VerbClass {
  const kindOf = (g: JsonObject): string | null => text(g, "permissionType");
  const writing = asked.find((g) => kindOf(g)?.endsWith("_WRITE"));
  const strongest = writing ?? asked.find((g) => kindOf(g) !== null) ?? null;
  const kind = strongest === null ? null : kindOf(strongest);
  const permissions = (strongest === null ? asked : [strongest])
    .map((g) => text(g, "permission"))
    .filter((p) => p !== null);
  const permission = permissions.find((p) => verbOfName(p) === "write") ?? permissions[0] ?? null;
  const verb = readOrWrite(operation, kind, permission, logName);
  return verb === "write" && (ADMIN.test(operation) || ADMIN.test(permission ?? "")) ? "admin" : verb;
}

function readOrWrite(
  operation: string,
  kind: string | null,
  permission: string | null,
  logName: string | null,
): VerbClass {
  // Like AssumeRole, these hand out a session of somebody else.
  if (/Generate(Access|Id)Token$/.test(operation)) return "auth";
  if (kind?.endsWith("_READ")) return "read";
  if (kind?.endsWith("_WRITE")) return "write";
  if (/login|authenticate/i.test(operation)) return "auth";
  const named = verbOfName(operation);
  if (named !== "unknown") return named;
  const allowed = permission === null ? "unknown" : verbOfName(permission);
  if (allowed !== "unknown") return allowed;
  return logName?.endsWith("%2Factivity") ? "write" : "unknown";
}

/** keysOf names a service account key that the call made, ended or switched on, by its last part, which is the key's own id. */
function keysOf(operation: string, payload: JsonObject): Partial<Pick<Draft, "key_resources" | "enabled_keys">> {
  const key = /(Create|Upload|Delete|Disable|Enable)ServiceAccountKey$/.exec(operation)?.[1];
  if (key === undefined) return {};
  const made = key === "Create" || key === "Upload";
  const name = made
    ? text(member(payload, "response"), "name")
    : (text(member(payload, "request"), "name") ?? text(payload, "resourceName"));
  const id = /\/keys\/([^/]+)$/.exec(name ?? "")?.[1];
  if (id === undefined) return {};
  return key === "Enable" ? { enabled_keys: [id] } : { key_resources: [id] };
}
