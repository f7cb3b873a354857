import { isObject, parseObject } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";

/** Envelopes may be nested: EventBridge in SNS in SQS is three. */
const MAX_DEPTH = 4;

/**
 * unwrap finds the CloudTrail event inside an EventBridge event, a CloudWatch Logs event, an SNS or SQS message or an Athena row.
 * It gives null for all else, and parses a text only when the words of an event stand in it.
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
  return parsed(record.message) ?? parsed(record.Message) ?? parsed(record.body) ?? parsed(record.Body);
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
