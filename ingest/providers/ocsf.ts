import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { isObject, numberOf, objectOf, textOf } from "../json.ts";
import { outcomeOfErrorCode, outcomeOfMessage, outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type Json, type JsonObject } from "../provider.ts";
import { parseTime } from "../time.ts";
import { verbClassOf } from "../verbs.ts";
import { callerOf } from "./ocsf_caller.ts";

const API_ACTIVITY = 6003;
const AUTHENTICATION = 3002;
const ACCOUNT_CHANGE = 3001;
const MAX_RESOURCES = 16;

/**
 * OCSF 1.0 to 1.8: API Activity, loosely Authentication and Account Change, and any class that names an `api.operation` (Amazon
 * Security Lake's first version filed API Activity under 3005). Other classes are dropped: they are no calls of a key.
 */
export default defineProvider({
  id: "ocsf",
  title: "OCSF, Amazon Security Lake",
  latenessMs: 15 * 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: true },
  claims: (record) =>
    classOf(record) > 0 &&
    (isObject(record.metadata) || record.category_uid !== undefined || record.type_uid !== undefined),
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  const uid = classOf(record);
  const api = objectOf(record.api);
  const operation = textOf(api?.operation) ?? activityOf(record, uid);
  if (operation === null) {
    if (uid !== API_ACTIVITY) return drop(`OCSF class ${uid} is no API activity`);
    return deadLetter("no api.operation");
  }
  const time = parseTime(record.time ?? record.time_dt ?? record._time);
  if (time === null) return deadLetter(record.time == null ? "no time" : "time is no time between 2000 and 2100");

  const metadata = objectOf(record.metadata);
  const cloud = objectOf(record.cloud);
  const unmapped = pairsOf(record.unmapped);
  const account =
    textOf(objectOf(cloud?.account)?.uid) ??
    textOf(cloud?.account_uid) ??
    textOf(record.accountid) ??
    textOf(record.account_id);
  const httpRequest = objectOf(record.http_request);
  const userAgent = textOf(httpRequest?.user_agent);
  const service = textOf(objectOf(api?.service)?.name)?.replace(/\.amazonaws\.com(\.cn)?$/, "") ?? null;
  const caller = callerOf(record, api, account, unmapped, userAgent);
  const verb = uid === AUTHENTICATION ? "auth" : verbClassOf(service, operation, readOnlyOf(record, unmapped));
  const error = errorOf(record, api);
  return ok({
    event_uid: textOf(metadata?.uid) ?? textOf(metadata?.original_event_uid),
    time,
    account,
    ...caller,
    operation,
    service,
    verb_class: uid === ACCOUNT_CHANGE && verb !== "read" && verb !== "auth" ? "admin" : verb,
    outcome: outcomeOf(record, uid, error),
    error_code: error.code,
    status_code: error.status,
    source: sourceOf(objectOf(record.src_endpoint)),
    vpc_endpoint: textOf(objectOf(record.src_endpoint)?.vpc_endpoint_uid) ?? textOf(unmapped?.vpcEndpointId),
    user_agent: userAgent,
    region: textOf(cloud?.region) ?? textOf(record.region),
    resources: resourcesOf(record),
    key_resources: [],
    environment: null,
    scopes: [],
    bytes_out: sizeOf(objectOf(record.http_response)?.length),
  });
}

function classOf(record: JsonObject): number {
  const uid = numberOf(record.class_uid);
  return Number.isInteger(uid) && uid > 0 ? uid : 0;
}

/** activityOf names the activity of classes that need no API: "Logon", "Password Change". */
function activityOf(record: JsonObject, uid: number): string | null {
  if (uid !== AUTHENTICATION && uid !== ACCOUNT_CHANGE) return null;
  return textOf(record.activity_name) ?? (uid === AUTHENTICATION ? "Authentication" : "Account Change");
}

/** readOnlyOf takes the provider's own flag where the mapper kept it, else the activity: 2 reads; 1, 3 and 4 change. */
function readOnlyOf(record: JsonObject, unmapped: JsonObject | null): boolean | null {
  const flag = unmapped?.readOnly;
  if (flag === true || flag === "true") return true;
  if (flag === false || flag === "false") return false;
  const activity = numberOf(record.activity_id);
  if (activity === 2 && classOf(record) !== ACCOUNT_CHANGE) return true;
  return activity >= 1 && activity <= 4 ? false : null;
}

interface Failure {
  code: string | null;
  status: number | null;
  message: string | null;
}

function errorOf(record: JsonObject, api: JsonObject | null): Failure {
  const response = objectOf(api?.response);
  const statusCode = textOf(record.status_code);
  const status = [response?.code, objectOf(record.http_response)?.code, statusCode]
    .map((value) => numberOf(value))
    .find(isHttpStatus);
  return {
    code: textOf(response?.error) ?? (statusCode !== null && !isHttpStatus(numberOf(statusCode)) ? statusCode : null),
    status: status ?? null,
    message: textOf(response?.error_message) ?? textOf(record.status_detail),
  };
}

const isHttpStatus = (n: number): boolean => Number.isInteger(n) && n >= 100 && n < 600;

function outcomeOf(record: JsonObject, uid: number, error: Failure): Draft["outcome"] {
  const id = numberOf(record.status_id);
  const status = textOf(record.status)?.toLowerCase();
  if (id === 1 || (!(id === 2) && status === "success")) return "success";
  const told =
    error.code !== null ? outcomeOfErrorCode(error.code) : error.status !== null ? outcomeOfStatus(error.status) : null;
  if (id !== 2 && status !== "failure") return told ?? "unknown";
  if (told !== null && told !== "success") return told;
  if (uid === AUTHENTICATION) return "unauthenticated";
  return error.message === null ? "error" : outcomeOfMessage(error.message);
}

function sourceOf(endpoint: JsonObject | null): string | null {
  if (endpoint === null) return null;
  const passed = endpoint.intermediate_ips;
  return (
    textOf(endpoint.ip) ??
    (Array.isArray(passed) ? textOf(passed[0]) : null) ??
    textOf(endpoint.domain) ??
    textOf(endpoint.hostname) ??
    textOf(endpoint.svc_name) ??
    textOf(endpoint.name)
  );
}

function resourcesOf(record: JsonObject): string[] {
  const listed = Array.isArray(record.resources)
    ? record.resources
    : isObject(record.resource)
      ? [record.resource]
      : [];
  const found = new Set<string>();
  for (const item of listed) {
    if (found.size >= MAX_RESOURCES) break;
    const name = isObject(item) ? (textOf(item.uid) ?? textOf(item.name)) : null;
    if (name !== null) found.add(name);
  }
  // An account change names whom it changes as `user`, and who did it as `actor.user`.
  const target = classOf(record) === ACCOUNT_CHANGE ? objectOf(record.user) : null;
  const changed = textOf(target?.uid) ?? textOf(target?.name);
  if (changed !== null) found.add(changed);
  return [...found];
}

/** pairsOf reads `unmapped` as object, as JSON text, or as the list of key and value that Parquet readers make of a map. */
function pairsOf(value: Json | undefined): JsonObject | null {
  if (!Array.isArray(value)) return objectOf(value);
  const found: JsonObject = {};
  for (const pair of value) {
    const key = isObject(pair) ? textOf(pair.key) : null;
    if (key !== null && isObject(pair) && key !== "__proto__") found[key] = pair.value ?? null;
  }
  return found;
}

const sizeOf = (value: Json | undefined): number | null => (typeof value === "number" && value >= 0 ? value : null);
