import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { anyField as field, isFault, items, anyMember as member, anyText as text, timeOf } from "../fields.ts";
import { outcomeOfErrorCode, outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { verbOfMethod, verbOfName } from "../verbs.ts";
import { azureLog, categoryOf, operationNameOf } from "./azure_common.ts";

/**
 * Microsoft Entra ID: sign-ins of people, applications and managed identities, directory audit, Graph activity; as exported by Azure
 * Monitor or as Microsoft Graph lists them. Sign-ins without a person are aggregated by Microsoft, so their number says little.
 */
export default defineProvider({
  id: "entra_signin",
  title: "Microsoft Entra ID sign-in and audit logs",
  latenessMs: 15 * 60_000,
  tells: { source: true, userAgent: true, perCall: false, outcome: true, key: true, session: false },
  claims: (record) => azureLog(record) === "entra",
  normalize,
});

const NO_CALLS = /^(risky|userrisk|serviceprincipalrisk|provisioninglogs)/;

function normalize(record: JsonObject): Outcome<Draft> {
  const category = categoryOf(record);
  if (NO_CALLS.test(category)) return drop(`Entra ${category}, no call`);
  const properties = member(record, "properties") ?? record;
  // The event's own time first: an export that writes a sign-in again, with what became of it, puts another around it.
  const time = timeOf(
    field(properties, "createdDateTime"),
    field(properties, "activityDateTime"),
    field(record, "time"),
    field(record, "TimeGenerated"),
  );
  if (isFault(time)) return time;
  if (category === "microsoftgraphactivitylogs") return ok(graphCall(record, properties, time));
  const isAudit = member(properties, "initiatedBy") !== null || text(properties, "activityDisplayName") !== null;
  if (isAudit) return ok(audit(record, properties, time));
  if (operationNameOf(record) === null && text(properties, "appId") === null)
    return deadLetter("neither a sign-in nor a directory change");
  return ok(signIn(record, properties, time));
}

function signIn(record: JsonObject, properties: JsonObject, time: number | null): Draft {
  const person = text(properties, "userPrincipalName") ?? text(properties, "userId");
  const app = text(properties, "servicePrincipalName") ?? text(properties, "appDisplayName");
  // An application signs in as itself; a person signs in through one.
  const alone = person === null;
  const who = alone
    ? (text(properties, "appId") ?? text(properties, "servicePrincipalId") ?? text(record, "identity"))
    : person;
  const credential = text(properties, "servicePrincipalCredentialKeyId");
  const code = text(member(properties, "status"), "errorCode") ?? text(record, "resultType");
  const failed = code !== null && !/^(0|success|succeeded)$/i.test(code);
  return draft({
    event_uid: text(properties, "id"),
    time,
    account: text(record, "tenantId") ?? text(properties, "tenantId") ?? text(properties, "homeTenantId"),
    key_id: credential,
    key_type: credential === null ? "none" : "long_lived",
    principal_uid: who,
    principal: alone ? (app ?? who) : person,
    principal_type: who === null ? "unknown" : alone ? "service" : "human",
    operation: operationNameOf(record) ?? "Sign-in activity",
    service: text(properties, "resourceDisplayName"),
    verb_class: "auth",
    outcome: code === null ? "unknown" : failed ? outcomeOfSignIn(code) : "success",
    error_code: failed ? code : null,
    source: text(properties, "ipAddress") ?? text(record, "callerIpAddress"),
    user_agent: text(properties, "userAgent") ?? text(member(properties, "deviceDetail"), "browser"),
    region: text(record, "location"),
    resources: named(text(properties, "appDisplayName"), text(properties, "resourceDisplayName")),
  });
}

/** Codes AADSTS of policies and missing consent refuse who is known; all else did not prove who it is (Entra error reference). */
const DENIED = new Set([
  "53000",
  "53001",
  "53002",
  "53003",
  "53004",
  "65001",
  "50105",
  "530032",
  "530034",
  "90094",
  "7000112",
]);
const THROTTLED = new Set(["90055", "50196"]);
const ERROR = new Set(["90033", "90051", "50001"]);

function outcomeOfSignIn(code: string): Draft["outcome"] {
  if (DENIED.has(code)) return "denied";
  if (THROTTLED.has(code)) return "throttled";
  return ERROR.has(code) ? "error" : "unauthenticated";
}

/** What changes credentials, roles, policies or trust; nearly all of a directory's audit is administration of some kind. */
function audit(record: JsonObject, properties: JsonObject, time: number | null): Draft {
  const by = member(properties, "initiatedBy");
  const user = member(by, "user");
  const app = member(by, "app");
  const operation = text(properties, "activityDisplayName") ?? operationNameOf(record) ?? "unknown";
  const result = text(properties, "result") ?? text(record, "resultType");
  const failed = result !== null && /^fail|denied|timeout|^[1-9]/i.test(result);
  const verb = verbOfName(text(properties, "operationType") ?? operation);
  return draft({
    event_uid: text(properties, "id"),
    time,
    account: text(record, "tenantId"),
    principal_uid:
      text(user, "userPrincipalName") ??
      text(user, "id") ??
      text(app, "appId") ??
      text(app, "servicePrincipalId") ??
      text(app, "displayName"),
    principal: text(user, "userPrincipalName") ?? text(user, "displayName") ?? text(app, "displayName"),
    principal_type: user !== null ? "human" : app !== null ? "service" : "unknown",
    operation,
    service: text(properties, "loggedByService"),
    verb_class: verb === "read" ? "read" : "admin",
    outcome:
      result === null ? "unknown" : failed ? outcomeOfErrorCode(text(properties, "resultReason") ?? result) : "success",
    error_code: failed ? result : null,
    source: text(record, "callerIpAddress") ?? text(user, "ipAddress"),
    user_agent:
      items(field(properties, "additionalDetails"))
        .map(userAgentOf)
        .find((ua) => ua !== null) ?? null,
    resources: named(
      ...items(field(properties, "targetResources")).map(
        (t) => text(t, "userPrincipalName") ?? text(t, "displayName") ?? text(t, "id"),
      ),
    ),
  });
}

const userAgentOf = (pair: JsonObject): string | null =>
  text(pair, "key") === "User-Agent" ? text(pair, "value") : null;

/** graphCall is one request to Microsoft Graph, with method, address and status. */
function graphCall(record: JsonObject, properties: JsonObject, time: number | null): Draft {
  const method = text(properties, "requestMethod") ?? "GET";
  const path = (text(properties, "requestUri") ?? "/").replace(/^https?:\/\/[^/]+/, "").replace(/\?.*$/s, "");
  const status = Number(text(properties, "responseStatusCode") ?? Number.NaN);
  const user = text(properties, "userId");
  const verb = verbOfMethod(method);
  return draft({
    event_uid: text(properties, "requestId"),
    time,
    account: text(record, "tenantId"),
    session_uid: text(properties, "signInActivityId"),
    principal_uid: user ?? text(properties, "appId") ?? text(properties, "servicePrincipalId"),
    principal: user ?? text(properties, "appId"),
    principal_type: user === null ? "service" : "human",
    operation: `${method.toUpperCase()} ${path.replace(/\/[0-9a-f]{8}-[0-9a-f-]{27}|\('[^']*'\)/gi, "/{id}")}`,
    service: "microsoft.graph",
    verb_class:
      verb === "write" && /roleManagement|applications|servicePrincipals|policies|addPassword|addKey/i.test(path)
        ? "admin"
        : verb,
    outcome: Number.isInteger(status) ? outcomeOfStatus(status) : "unknown",
    status_code: Number.isInteger(status) ? status : null,
    source: text(properties, "ipAddress") ?? text(record, "callerIpAddress"),
    user_agent: text(properties, "userAgent"),
    region: text(record, "location"),
    scopes: (text(properties, "scopes") ?? text(properties, "roles"))?.split(" ") ?? [],
  });
}
