import type { ApiOutcome, VerbClass } from "../../schemas/activity.ts";
import { anyField as field, anyMember as member, anyText as text, wordOf } from "../fields.ts";
import { isObject, textOf } from "../json.ts";
import { outcomeOfErrorCode, outcomeOfStatus } from "../outcome_of.ts";
import type { JsonObject } from "../provider.ts";
import { remembering } from "../recent.ts";

/** AzureLog is which of Azure's logs a record is of: one judge for all, so that no two providers claim one record. */
export type AzureLog = "activity" | "keyvault" | "entra" | "kube";

/** Categories of the Activity Log, of the storage services, of Entra ID and of AKS, small letters (learn.microsoft.com, Azure Monitor). */
const ACTIVITY = set(
  "administrative security servicehealth alert autoscale policy recommendation resourcehealth action write delete storageread storagewrite storagedelete",
);
const ENTRA = set(
  "signinlogs noninteractiveusersigninlogs serviceprincipalsigninlogs managedidentitysigninlogs adfssigninlogs auditlogs " +
    "provisioninglogs riskyusers userriskevents riskyserviceprincipals serviceprincipalriskevents microsoftgraphactivitylogs",
);
const KUBE = set("kube-audit kube-audit-admin");
const ACTION = /^[\w.-]+\.[\w.-]+\/.+\/(read|write|delete|action)$/i;

function set(words: string): ReadonlySet<string> {
  return new Set(words.split(" "));
}

/** azureLog tells the log by resource, category and operation; null where the record is none of Azure's. */
export function azureLog(record: JsonObject): AzureLog | null {
  const resource = (text(record, "resourceId") ?? text(record, "_ResourceId") ?? "").toLowerCase();
  const category = categoryOf(record);
  if (KUBE.has(category)) return azureText(record) === null ? null : "kube";
  const operation = operationNameOf(record);
  if (resource === "" && category !== "microsoftgraphactivitylogs") return isGraphShape(record) ? "entra" : null;
  if (!resource.startsWith("/")) return category === "microsoftgraphactivitylogs" ? "entra" : null;
  if (operation === null && category !== "microsoftgraphactivitylogs") return null;
  if (resource.includes("/microsoft.keyvault/"))
    return category === "auditevent" || category.startsWith("azurepolicy") || !operation!.includes("/")
      ? "keyvault"
      : "activity";
  if (resource.includes("/microsoft.intune")) return null;
  if (ENTRA.has(category) || resource.endsWith("/microsoft.aadiam")) return "entra";
  if (/^\/tenants\//.test(resource))
    return isObject(record.properties) && isDirectory(record.properties) ? "entra" : null;
  if (ACTIVITY.has(category)) return "activity";
  const storage = /\/(blob|file|queue|table)services\//.test(resource);
  return category === "" && (storage || ACTION.test(operation!)) ? "activity" : null;
}

/** azureText is the line that a log of AKS carries as text. */
export const azureText = (record: JsonObject): string | null => textOf(member(record, "properties")?.log);

/** Microsoft Graph lists sign-ins and directory audits without the envelope of Azure Monitor. */
function isGraphShape(record: JsonObject): boolean {
  if (typeof record.createdDateTime === "string" && typeof record.appId === "string")
    return isObject(record.status) && ("conditionalAccessStatus" in record || "resourceDisplayName" in record);
  return isDirectory(record);
}

const isDirectory = (properties: JsonObject): boolean =>
  typeof properties.activityDisplayName === "string" && isObject(properties.initiatedBy);

export const categoryOf = (record: JsonObject): string => {
  const value = field(record, "category");
  return (isObject(value) ? textOf(value.value) : textOf(value))?.toLowerCase() ?? "";
};

/** operationNameOf reads the name, which the REST API wraps as `{value, localizedValue}`. */
export function operationNameOf(record: JsonObject): string | null {
  const value = field(record, "operationName");
  return wordOf(isObject(value) ? value.value : value);
}

/** resourceOf is the resource in small letters: Azure's ids come in every case, and mean the same. */
export const resourceOf = (record: JsonObject): string | null => text(record, "resourceId")?.toLowerCase() ?? null;

/** subscriptionOf is the account: the subscription of the resource, else the tenant. */
export function subscriptionOf(record: JsonObject): string | null {
  const found = /^\/subscriptions\/([^/]+)/i.exec(text(record, "resourceId") ?? "");
  return found?.[1]?.toLowerCase() ?? text(record, "subscriptionId") ?? text(record, "tenantId");
}

export interface Result {
  outcome: ApiOutcome;
  error_code: string | null;
  status_code: number | null;
}

const GOOD = /^(succe|start|accept|active|resolved|in ?progress|updated|created|ok$|0$|true$)/i;

/** resultOf reads resultType, resultSignature, status and statusCode, which are texts, numbers or objects by the service. */
export function resultOf(record: JsonObject): Result {
  const properties = member(record, "properties");
  const word = resultWordOf(record) ?? text(properties, "metricResponseType");
  const signature = text(record, "resultSignature") ?? worded(record, "subStatus") ?? text(record, "statusText");
  const told = [text(record, "statusCode"), text(properties, "httpStatusCode"), text(properties, "statusCode")];
  const status = [...told, signature, text(record, "httpStatusCode")].map(statusOf).find((s) => s !== null) ?? null;
  const named =
    signature === null || statusOf(signature) === Number(signature) ? null : signature.replace(/^Failed\./, "");
  const code = text(record, "statusText") ?? named ?? (word !== null && !GOOD.test(word) ? word : null);
  if (status !== null && status >= 400)
    return { outcome: outcomeOfStatus(status), error_code: code, status_code: status };
  if (word !== null && !GOOD.test(word))
    return { outcome: outcomeOfErrorCode(code ?? word), error_code: code ?? word, status_code: status };
  if (word === null && status === null) return { outcome: "unknown", error_code: null, status_code: null };
  return { outcome: "success", error_code: null, status_code: status };
}

/** resultWordOf is the word for how a call goes; the REST API wraps it as `{value, localizedValue}`. */
export const resultWordOf = (record: JsonObject): string | null =>
  text(record, "resultType") ?? worded(record, "status");

const worded = (record: JsonObject, name: string): string | null => {
  const value = field(record, name);
  return wordOf(isObject(value) ? value.value : value);
};

/** Azure writes the status of a call as number, as text, or by its .NET name. */
const STATUS_NAMES: Record<string, number> = {
  ok: 200,
  created: 201,
  accepted: 202,
  nocontent: 204,
  badrequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notfound: 404,
  conflict: 409,
  preconditionfailed: 412,
  toomanyrequests: 429,
  internalservererror: 500,
  serviceunavailable: 503,
};

const statusOf = (value: string | null): number | null =>
  value === null || value.length > 64 ? null : statusOfWord(value);

const statusOfWord = remembering((value: string): number | null => {
  if (/^[1-5]\d\d$/.test(value)) return Number(value);
  const name = value.slice(value.lastIndexOf(".") + 1).toLowerCase();
  return Object.hasOwn(STATUS_NAMES, name) ? STATUS_NAMES[name]! : null;
});

export interface AzureCaller {
  principal_uid: string | null;
  principal: string | null;
  principal_type: "human" | "service" | "unknown";
}

const CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";

/** azureCaller reads the claims of the caller's token: an application by its id, a person by name. */
export function azureCaller(record: JsonObject): AzureCaller {
  const identity = member(record, "identity");
  const claims = member(identity, "claims") ?? member(identity, "claim") ?? member(record, "claims");
  const evidence = member(member(identity, "authorization"), "evidence");
  const requester = member(identity, "requester");
  const user =
    text(claims, `${CLAIMS}upn`) ??
    text(claims, "upn") ??
    text(requester, "upn") ??
    text(claims, `${CLAIMS}emailaddress`);
  const app = text(claims, "appid") ?? text(claims, "azp") ?? text(requester, "appId") ?? text(identity, "appid");
  const object =
    text(claims, "http://schemas.microsoft.com/identity/claims/objectidentifier") ??
    text(claims, "oid") ??
    text(requester, "objectId") ??
    text(evidence, "principalId");
  const caller = text(record, "caller");
  const kind = text(evidence, "principalType") ?? (text(claims, "idtyp") === "app" ? "ServicePrincipal" : null);
  const name = user ?? text(claims, `${CLAIMS}name`) ?? text(claims, "name") ?? caller;
  const isPerson = kind === "User" || user !== null || (name?.includes("@") ?? false);
  if (isPerson) return { principal_uid: name ?? object, principal: name, principal_type: "human" };
  const service = app ?? object ?? name;
  return {
    principal_uid: service,
    principal: name ?? service,
    principal_type: service === null || (app === null && kind === null) ? "unknown" : "service",
  };
}

/** What an operation under these names changes is who may do what, or what is logged. */
const ADMIN =
  /^microsoft\.(authorization|aad|aadiam|billing|security|securityinsights|managedidentity|policyinsights|subscription|management)\/|diagnosticsettings|rolebinding|clusterrole|accesspolic|federatedidentitycredential|listkeys|listaccountsas|listservicesas|regeneratekey|listcredential|listsecrets|listclusteradmincredential|\/locks\/|runcommand|elevateaccess|\/actiongroups\/|activitylogalerts/;

/** azureVerb reads the suffix first: `/read`, `/write`, `/delete`; an `/action` is told by its own name. */
export const azureVerb = remembering(judgeOperation);

function judgeOperation(operation: string): VerbClass | null {
  const name = operation.toLowerCase();
  if (name.endsWith("/read")) return "read";
  if (name.endsWith("/write") || name.endsWith("/delete")) return ADMIN.test(name) ? "admin" : "write";
  if (!name.endsWith("/action")) return null;
  if (ADMIN.test(name)) return "admin";
  const verb = name.slice(name.lastIndexOf("/", name.length - 8) + 1, -7);
  return /^(list|get|read|check|validate|query|search|export|download|audit|available|preview|estimate|what)/.test(verb)
    ? "read"
    : "write";
}
