import { gunzipSync } from "node:zlib";
import { isObject, parseObject } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";

/** Envelopes may be nested: EventBridge in SNS in SQS is three. */
const MAX_DEPTH = 4;

/**
 * unwrap finds the CloudTrail event inside an EventBridge event, a CloudWatch Logs event, a Firehose record, an SNS or SQS message, an
 * answer of LookupEvents or an Athena row. It gives null for all else, and parses a text only when the words of an event stand in it.
 */
export function unwrap(record: JsonObject): JsonObject | null {
  let current: JsonObject = record;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const inner: JsonObject | null = isObject(current.detail) ? current.detail : innerText(current);
    if (inner === null) return depth === 0 && "eventname" in record ? fromAthena(record) : null;
    if (typeof inner.eventName === "string" && typeof inner.eventSource === "string") return inner;
    current = inner;
  }
  return null;
}

function innerText(record: JsonObject): JsonObject | null {
  return (
    parsed(record.message) ??
    parsed(record.Message) ??
    parsed(record.body) ??
    parsed(record.Body) ??
    parsed(record.CloudTrailEvent) ??
    parsed(decoded(record))
  );
}

/** Firehose hands records to a Lambda function or to an HTTP endpoint as `{recordId, approximateArrivalTimestamp, data}`, base64. */
function decoded(record: JsonObject): string | undefined {
  const data = record.data;
  if (typeof data !== "string" || data.length < 64 || data.length > MAX_DATA || !isFirehose(record)) return undefined;
  const bytes = Buffer.from(data, "base64");
  try {
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: MAX_DATA }) : bytes).toString(
      "utf8",
    );
  } catch {
    return undefined;
  }
}

/** Firehose and Lambda hand over 6 MB at most (service quotas). */
const MAX_DATA = 8 * 1024 * 1024;
const isFirehose = (record: JsonObject): boolean =>
  "recordId" in record || "approximateArrivalTimestamp" in record || Object.keys(record).length === 1;

/** pointerOf tells messages that only say where a log file lies, and which file it is no record of. */
export function pointerOf(record: JsonObject): string | null {
  if (record.eventSource === "aws:s3" && isObject(record.s3)) return "S3 notification: it names a file";
  if (record.Event === "s3:TestEvent") return "S3 test event";
  if (typeof record.s3Bucket === "string" && Array.isArray(record.s3ObjectKey))
    return "CloudTrail notification: it names a file";
  const text = record.message;
  if (typeof text === "string" && text.startsWith("CWL CONTROL MESSAGE:")) return "CloudWatch control message";
  return null;
}

function parsed(text: Json | undefined): JsonObject | null {
  if (typeof text !== "string" || !text.includes("eventSource") || !text.includes("eventName")) return null;
  return parseObject(text);
}

const NAMES = [
  "eventVersion",
  "userIdentity",
  "eventTime",
  "eventSource",
  "eventName",
  "awsRegion",
  "sourceIPAddress",
  "userAgent",
  "errorCode",
  "errorMessage",
  "requestParameters",
  "responseElements",
  "additionalEventData",
  "requestID",
  "eventID",
  "resources",
  "eventType",
  "eventCategory",
  "readOnly",
  "recipientAccountId",
  "serviceEventDetails",
  "vpcEndpointId",
  "sessionCredentialFromConsole",
] as const;

/** fromAthena gives the fields their names back; Hive tables know small letters only. */
function fromAthena(record: JsonObject): JsonObject | null {
  if (typeof record.eventname !== "string" || typeof record.eventsource !== "string") return null;
  const event: JsonObject = { ...record };
  for (const name of NAMES) {
    const value = record[name] ?? record[name.toLowerCase()];
    if (value !== undefined) event[name] = value;
  }
  return event;
}
