import { isObject, parseObject } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";

/** unwrapDetail takes an event out of EventBridge (`detail`); null where there is none. */
export function unwrapDetail(record: JsonObject): JsonObject | null {
  return isObject(record.detail) && typeof record["detail-type"] === "string" ? record.detail : null;
}

/** unwrapMessage takes an event out of the text of a CloudWatch Logs event or a forwarder, where one of the words stands in it. */
export function unwrapMessage(record: JsonObject, word: string): JsonObject | null {
  return textual(record.message, word) ?? textual(record.log, word) ?? textual(record["@message"], word);
}

function textual(value: Json | undefined, word: string): JsonObject | null {
  if (typeof value !== "string" || !value.includes(word)) return null;
  return parseObject(value);
}
