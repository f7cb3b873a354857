import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { isFault, timeOf } from "../fields.ts";
import { isObject, objectOf, textOf } from "../json.ts";
import { outcomeOfErrorCode, outcomeOfMessage } from "../outcome_of.ts";
import { type Draft, defineProvider, type Json, type JsonObject } from "../provider.ts";
import { parseTime } from "../time.ts";
import { verbClassOf } from "../verbs.ts";
import { identityOf } from "./aws_identity.ts";
import { pointerOf, unwrap } from "./aws_wrappers.ts";

const MAX_RESOURCES = 16;

/**
 * AWS CloudTrail, record format 1.0x to 1.11: management, data and network activity events, as file records, through EventBridge,
 * CloudWatch Logs, Firehose, SNS, SQS or LookupEvents, Logstash (`@timestamp` instead of eventTime) and Athena (names in small letters).
 */
export default defineProvider({
  id: "aws_cloudtrail",
  title: "AWS CloudTrail",
  latenessMs: 15 * 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: true },
  claims: (record) => isBare(record) || isDigest(record) || pointerOf(record) !== null || unwrap(record) !== null,
  normalize(record) {
    const pointer = record.eventSource === "aws:s3" || record.eventName === undefined ? pointerOf(record) : null;
    if (pointer !== null) return drop(pointer);
    if (isBare(record)) return normalizeEvent(record);
    if (isDigest(record)) return drop("CloudTrail digest file");
    const inner = unwrap(record);
    return normalizeEvent(inner ?? record);
  },
  // Out of base64 or text the redactor sees fields by their names, in a twentieth of the time, and `raw` can be read.
  kept: (record) => (isText(record) && !isBare(record) ? (unwrap(record) ?? record) : record),
});

/** The envelopes that carry an event as text: CloudWatch Logs, SNS, SQS, Firehose, LookupEvents. */
const isText = (r: JsonObject): boolean =>
  typeof (r.message ?? r.Message ?? r.body ?? r.Body ?? r.data ?? r.CloudTrailEvent) === "string";

function isBare(record: JsonObject): boolean {
  if (typeof record.eventName !== "string") return false;
  return (
    typeof record.eventSource === "string" || typeof record.awsRegion === "string" || isObject(record.userIdentity)
  );
}

const isDigest = (record: JsonObject): boolean => "digestStartTime" in record && "digestS3Object" in record;

function normalizeEvent(record: JsonObject): Outcome<Draft> {
  if (record.eventCategory === "Insight" || record.eventType === "AwsCloudTrailInsight")
    return drop("CloudTrail Insights event");
  const eventName = textOf(record.eventName);
  if (eventName === null) return deadLetter("no eventName");
  const time = parseTime(record.eventTime ?? record["@timestamp"]) ?? timeOf(record.eventTime, record["@timestamp"]);
  if (isFault(time)) return time;

  const request = objectOf(record.requestParameters);
  const response = objectOf(record.responseElements);
  const call = callOf(textOf(record.eventSource), eventName);
  const user = objectOf(record.userIdentity);
  const account = textOf(record.recipientAccountId) ?? textOf(user?.accountId);
  const userAgent = textOf(record.userAgent);
  const who = identityOf(user, account, record, userAgent);
  const errorCode = textOf(record.errorCode);
  const outcome = outcomeOf(record, eventName, errorCode, response);
  return ok({
    event_uid: textOf(record.eventID),
    time,
    account,
    key_id: who.key_id,
    key_type: who.key_type,
    session_uid: who.session_uid,
    session_kind: who.session_kind,
    principal_uid: who.principal_uid,
    principal: who.principal,
    principal_type: who.principal_type,
    operation: eventName,
    service: call.service,
    verb_class:
      record.readOnly === true || record.readOnly === "true"
        ? call.read
        : record.readOnly == null
          ? call.open
          : call.write,
    outcome,
    error_code: errorCode,
    status_code: errorCode !== null && /^[1-5]\d\d$/.test(errorCode) ? Number(errorCode) : null,
    source: textOf(record.sourceIPAddress) ?? textOf(user?.invokedBy),
    vpc_endpoint: textOf(record.vpcEndpointId),
    user_agent: userAgent,
    region: textOf(record.awsRegion),
    resources: resourcesOf(record.resources, request, call.service),
    key_resources: outcome === "success" && call.touchesKeys ? keysOf(eventName, request, response) : [],
    enabled_keys: outcome === "success" && call.touchesKeys ? enabledOf(eventName, request) : [],
    environment: null,
    scopes: [],
    bytes_out: bytesOut(record.additionalEventData),
  });
}

interface Call {
  service: string | null;
  /** The verb class by the record's readOnly flag: true, false, absent. */
  read: VerbClass;
  write: VerbClass;
  open: VerbClass;
  touchesKeys: boolean;
}

/** calls remembers what (eventSource, eventName) says; a few thousand pairs exist, the bound is for hostile input. */
const calls = new Map<string, Map<string, Call>>();
const MEMO_LIMIT = 16_384;
let memoSize = 0;
const noSource = "";

function callOf(eventSource: string | null, eventName: string): Call {
  const known = calls.get(eventSource ?? noSource)?.get(eventName);
  if (known !== undefined) return known;
  const service = eventSource === null ? null : eventSource.replace(/\.amazonaws\.com(\.cn)?$/, "");
  const call: Call = {
    service,
    read: verbClassOf(service, eventName, true),
    write: verbClassOf(service, eventName, false),
    open: verbClassOf(service, eventName, null),
    touchesKeys: KEY_CALL.test(eventName),
  };
  if (memoSize < MEMO_LIMIT && eventName.length <= 128 && (eventSource?.length ?? 0) <= 128) {
    const ofSource = calls.get(eventSource ?? noSource) ?? new Map<string, Call>();
    calls.set(eventSource ?? noSource, ofSource);
    ofSource.set(eventName, call);
    memoSize++;
  }
  return call;
}

function outcomeOf(
  record: JsonObject,
  eventName: string,
  code: string | null,
  response: JsonObject | null,
): Draft["outcome"] {
  if (code !== null) return outcomeOfErrorCode(code);
  // Sign-in events tell their result under their own name: responseElements.ConsoleLogin is "Success" or "Failure".
  if (record.eventType === "AwsConsoleSignIn" || record.eventSource === "signin.amazonaws.com") {
    const result = response?.[eventName] ?? objectOf(record.serviceEventDetails)?.[eventName];
    if (result === "Failure") return "unauthenticated";
    if (result === "Success") return "success";
  }
  const message = textOf(record.errorMessage);
  return message === null ? "success" : outcomeOfMessage(message);
}

/** What a call acts on, by request field; the prefix keeps a user apart from a role of the same name. */
const RESOURCE_FIELDS = new Map<string, string>([
  ["userName", "user/"],
  ["roleName", "role/"],
  ["groupName", "group/"],
  ["roleArn", ""],
  ["policyArn", ""],
  ["secretId", "secret/"],
  ["functionName", "function/"],
  ["instanceId", ""],
  ["snapshotId", ""],
  ["imageId", ""],
  ["volumeId", ""],
  ["groupId", ""],
  ["keyId", "kms/"],
  ["tableName", "table/"],
  ["trailName", "trail/"],
  ["logGroupName", "log-group/"],
  ["dBInstanceIdentifier", "db/"],
  ["dBSnapshotIdentifier", "db-snapshot/"],
  ["repositoryName", "repository/"],
  ["clusterName", "cluster/"],
  ["modelId", "model/"],
]);

function resourcesOf(listed: Json | undefined, request: JsonObject | null, service: string | null): string[] {
  const found: string[] = [];
  if (Array.isArray(listed)) {
    for (const item of listed) {
      if (found.length >= MAX_RESOURCES) return found;
      if (isObject(item)) add(found, textOf(item.ARN) ?? textOf(item.ARNPrefix) ?? textOf(item.arn));
    }
  }
  if (request === null) return found;
  for (const field in request) {
    const value = request[field];
    const prefix = RESOURCE_FIELDS.get(field);
    if (prefix !== undefined) add(found, named(prefix, value));
    else if (field === "bucketName") add(found, bucketArn(value, request.key));
    else if (field === "name" && service !== null) add(found, named(`${service}/`, value));
    else if (field === "instancesSet") addInstances(found, value);
    if (found.length >= MAX_RESOURCES) return found;
  }
  return found;
}

function add(found: string[], resource: string | null): void {
  if (resource !== null && found.length < MAX_RESOURCES && !found.includes(resource)) found.push(resource);
}

function named(prefix: string, value: Json | undefined): string | null {
  const text = textOf(value);
  return text === null || prefix === "" || text.startsWith("arn:") ? text : prefix + text;
}

function bucketArn(bucket: Json | undefined, key: Json | undefined): string | null {
  const name = textOf(bucket);
  if (name === null) return null;
  const arn = name.startsWith("arn:") ? name : `arn:aws:s3:::${name}`;
  const object = textOf(key);
  return object === null ? arn : `${arn}/${object}`;
}

function addInstances(found: string[], set: Json | undefined): void {
  const items = isObject(set) ? set.items : null;
  if (!Array.isArray(items)) return;
  for (const item of items) {
    if (found.length >= MAX_RESOURCES) return;
    if (isObject(item)) add(found, textOf(item.instanceId));
  }
}

const KEY_CALL =
  /^(Create|Delete|Update)(AccessKey|ServiceSpecificCredential)$|^AssumeR|^Get(SessionToken|FederationToken)$/;

/** keysOf names the keys a successful call made or ended; an UpdateAccessKey that switches a key on ends nothing. */
function keysOf(eventName: string, request: JsonObject | null, response: JsonObject | null): string[] {
  const ended = eventName.startsWith("Delete") || (eventName.startsWith("Update") && request?.status === "Inactive");
  const made =
    objectOf(response?.accessKey) ?? objectOf(response?.serviceSpecificCredential) ?? objectOf(response?.credentials);
  const from = ended ? request : eventName.startsWith("Update") ? null : made;
  const id = textOf(from?.accessKeyId) ?? textOf(from?.serviceSpecificCredentialId);
  return id === null ? [] : [id];
}

/** enabledOf names the key that an update switched on. */
function enabledOf(eventName: string, request: JsonObject | null): string[] {
  if (!eventName.startsWith("Update") || request?.status !== "Active") return [];
  const id = textOf(request.accessKeyId) ?? textOf(request.serviceSpecificCredentialId);
  return id === null ? [] : [id];
}

function bytesOut(data: Json | undefined): number | null {
  if (!isObject(data)) return null;
  const bytes = data.bytesTransferredOut;
  return typeof bytes === "number" && bytes >= 0 && Number.isFinite(bytes) ? bytes : null;
}
