import { isObject, objectOf, parseObject, textOf } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";
import { decodedKey } from "./s3_list.ts";
import type { ObjectName } from "./s3_object.ts";

/** NamedObject is an object that a message names, with its entity tag where the message tells it. */
export interface NamedObject extends ObjectName {
  etag: string | null;
}

/** Notice is what a message of a queue says: objects to read, what it says beside them (by the reason to pass it over), or nothing that is understood. */
export type Notice =
  | { kind: "objects"; objects: NamedObject[]; passed: string[] }
  | { kind: "unknown"; reason: string };

/** A notification may come through SNS, and that out of EventBridge. */
const MAX_LAYERS = 3;

/**
 * noticeOf reads the body of a message: S3's own event notification, the same through SNS, EventBridge's "Object Created", CloudTrail's
 * notification of its log files, and S3's test event.
 */
export function noticeOf(body: string): Notice {
  let message = parseObject(body);
  for (let layer = 0; layer < MAX_LAYERS && message !== null; layer++) {
    if (typeof message.Message !== "string" || typeof message.TopicArn !== "string") return read(message);
    message = parseObject(message.Message);
  }
  return unknown("it is no JSON object");
}

const unknown = (reason: string): Notice => ({ kind: "unknown", reason });

function read(message: JsonObject): Notice {
  if (message.Event === "s3:TestEvent") return { kind: "objects", objects: [], passed: ["S3 test event"] };
  if (message.source === "aws.s3") return ofEventBridge(message);
  if (typeof message.s3Bucket === "string" && Array.isArray(message.s3ObjectKey)) {
    const bucket = message.s3Bucket;
    const keys = message.s3ObjectKey.filter((key) => typeof key === "string");
    return { kind: "objects", objects: keys.map((key) => ({ bucket, key, etag: null })), passed: [] };
  }
  return Array.isArray(message.Records) ? ofRecords(message.Records) : unknown("it is no notification of S3");
}

function ofEventBridge(message: JsonObject): Notice {
  const type = textOf(message["detail-type"]);
  if (type !== "Object Created" && type !== "Object Restore Completed")
    return { kind: "objects", objects: [], passed: [NOT_CREATED] };
  const detail = objectOf(message.detail);
  const object = objectOf(detail?.object);
  // EventBridge writes keys as they are.
  const named = nameOf(objectOf(detail?.bucket), object, (key) => key, object?.etag);
  return named === null ? unknown("it names no bucket and key") : { kind: "objects", objects: [named], passed: [] };
}

const NOT_CREATED = "S3 notification of something else than a new object";
const CREATED = /^(s3:)?(ObjectCreated:|ObjectRestore:Completed$)/;

function ofRecords(records: Json[]): Notice {
  const objects: NamedObject[] = [];
  const passed: string[] = [];
  for (const record of records) {
    const s3 = isObject(record) ? objectOf(record.s3) : null;
    const what = isObject(record) ? textOf(record.eventName) : null;
    if (s3 === null || what === null) return unknown("a record of it is no notification of S3");
    if (!CREATED.test(what)) {
      passed.push(NOT_CREATED);
      continue;
    }
    const object = objectOf(s3.object);
    const named = nameOf(objectOf(s3.bucket), object, decodedOrNull, object?.eTag);
    if (named === null) return unknown("a record of it names no bucket and key");
    objects.push(named);
  }
  return { kind: "objects", objects, passed };
}

function nameOf(
  bucket: JsonObject | null,
  object: JsonObject | null,
  keyOf: (text: string) => string | null,
  etag: Json | undefined,
): NamedObject | null {
  const name = textOf(bucket?.name);
  const written = textOf(object?.key);
  const key = written === null ? null : keyOf(written);
  if (name === null || key === null) return null;
  return { bucket: name, key, etag: textOf(etag) || null };
}

function decodedOrNull(text: string): string | null {
  try {
    return decodedKey(text);
  } catch {
    return null;
  }
}
