import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, items, member, text, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { unwrapDetail } from "./unwrap.ts";

/** Okta System Log, by API or through an EventBridge log stream; exporters write the outer names in small letters. */
export default defineProvider({
  id: "okta_system_log",
  title: "Okta System Log",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: false },
  claims: (record) => isEvent(record) || isEvent(unwrapDetail(record)),
  normalize: (record) => normalize(isEvent(record) ? record : (unwrapDetail(record) ?? record)),
});

/** published and legacyEventType may be missing in hand-made records; actor with an alternateId never is. */
function isEvent(record: JsonObject | null): boolean {
  if (record === null || typeof (record.eventType ?? record.eventtype) !== "string" || "eventName" in record)
    return false;
  if (!isObject(record.actor) || !("alternateId" in record.actor || "displayName" in record.actor)) return false;
  return (
    "published" in record ||
    "legacyEventType" in record ||
    "legacyeventtype" in record ||
    "displayMessage" in record ||
    "debugContext" in record
  );
}

function normalize(record: JsonObject): Outcome<Draft> {
  const operation = text(record, "eventType");
  if (operation === null) return deadLetter("no eventType");
  const time = timeOf(field(record, "published"));
  if (isFault(time)) return time;
  const actor = member(record, "actor");
  const client = member(record, "client");
  const debug = member(member(record, "debugContext"), "debugData");
  const key = keyOf(record, actor, debug);
  const kind = text(actor, "type");
  const chain = items(field(member(record, "request"), "ipChain"));
  return ok(
    draft({
      event_uid: text(record, "uuid"),
      time,
      account: text(debug, "tenantId") ?? text(member(record, "authenticationContext"), "rootSessionOrgId"),
      key_id: key,
      key_type:
        key === null
          ? "none"
          : /^(oauth|app\.oauth2)/.test(operation) || text(debug, "grantedScopes") !== null
            ? "temporary"
            : "long_lived",
      session_uid: text(member(record, "authenticationContext"), "externalSessionId"),
      principal_uid: text(actor, "alternateId") ?? text(actor, "id") ?? text(actor, "displayName"),
      principal: text(actor, "displayName") ?? text(actor, "alternateId"),
      principal_type: kind === "User" ? "human" : kind === null ? "unknown" : "service",
      operation,
      service: operation.split(".")[0] ?? null,
      verb_class: verbOf(operation),
      ...resultOf(record, operation),
      source: text(client, "ipAddress") ?? (chain[0] === undefined ? null : text(chain[0], "ip")),
      user_agent: text(member(client, "userAgent"), "rawUserAgent"),
      resources: named(
        ...items(field(record, "target")).map((t) => text(t, "alternateId") ?? text(t, "displayName") ?? text(t, "id")),
      ),
      key_resources: /^system\.api_token\.(create|revoke|delete)/.test(operation) ? tokensOf(record) : [],
      scopes: (text(debug, "grantedScopes") ?? text(debug, "requestedScopes"))?.split(/[,\s]+/).filter(Boolean) ?? [],
    }),
  );
}

/** keyOf: API tokens are told by the transaction (`apiTokenId`), access tokens by debugData, clients by the actor itself. */
function keyOf(record: JsonObject, actor: JsonObject | null, debug: JsonObject | null): string | null {
  const transaction = member(member(record, "transaction"), "detail");
  const token =
    text(transaction, "requestApiTokenId") ??
    text(debug, "requestApiTokenId") ??
    text(debug, "tokenId") ??
    text(debug, "clientSecretId");
  if (token !== null) return token;
  return text(actor, "type") === "PublicClientApp" ? text(actor, "id") : null;
}

const tokensOf = (record: JsonObject): string[] =>
  items(field(record, "target"))
    .flatMap((t) => (text(t, "type") === "Token" ? [text(t, "id")] : []))
    .filter((id) => id !== null);

function resultOf(record: JsonObject, operation: string): Pick<Draft, "outcome" | "error_code"> {
  const result = member(record, "outcome");
  const word = text(result, "result")?.toUpperCase() ?? null;
  const reason = text(result, "reason");
  if (word === null || word === "UNKNOWN") return { outcome: "unknown", error_code: null };
  if (word === "FAILURE" || word === "ABANDONED" || word === "UNANSWERED" || word === "RATE_LIMIT")
    return {
      outcome: word === "RATE_LIMIT" || /rate.?limit/i.test(reason ?? "") ? "throttled" : failure(operation, reason),
      error_code: reason,
    };
  // Challenges, allowed and skipped steps went as they should; a denial says DENY.
  return word === "DENY" ? { outcome: "denied", error_code: reason } : { outcome: "success", error_code: null };
}

function failure(operation: string, reason: string | null): Draft["outcome"] {
  if (/access.?denied|not.?assigned|not authorized|permission|policy|insufficient|no_matching/i.test(reason ?? ""))
    return "denied";
  if (AUTH.test(operation)) return "unauthenticated";
  return /not.?found/i.test(reason ?? "") ? "not_found" : /invalid/i.test(reason ?? "") ? "invalid" : "error";
}

/** Event types are `area.thing.verb` (Okta event types catalogue): sessions and tokens authenticate, the rest administers. */
const AUTH =
  /^(user\.(session|authentication|mfa\.(attempt|okta_verify))|policy\.evaluate|app\.(oauth2|generic\.unauth)|security\.(session|authenticator)|user\.account\.(lock|unlock_by))/;
const READ =
  /\.(view|read|list|get|export|search|evaluate(_sign_on)?|report)$|^(system\.(log_stream|email|sms|voice)|user\.credential\.forgot|application\.user_membership\.show_password)/;

function verbOf(operation: string): VerbClass {
  if (/impersonation|session\.clear|revoke|api_token/.test(operation)) return "admin";
  if (AUTH.test(operation)) return "auth";
  if (READ.test(operation)) return "read";
  return /^(user|group|application|app|policy|zone|system|device|iam|idp|oauth2|security|support|pki|workflow|network_zone|directory|core|master_application|mobile|inline_hook|event_hook|role|resource|realm|access)\b/.test(
    operation,
  )
    ? "admin"
    : "write";
}
