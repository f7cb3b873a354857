import { isObject, parseObject } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";

/** unwrapDetail takes an event out of EventBridge (`detail`); null where there is none. */
export function unwrapDetail(record: JsonObject): JsonObject | null {
  return isObject(record.detail) && typeof record["detail-type"] === "string" ? record.detail : null;
}

/** unwrapMessage takes an event out of the text of a CloudWatch Logs event or a forwarder, where the word stands in it. */
export function unwrapMessage(record: JsonObject, word: string): JsonObject | null {
  return parsedOnce(record.message ?? record.log ?? record["@message"], word);
}

/** A record is asked for what is inside it by claims, normalize and kept; the text is parsed by the first of them. */
let opened: { text: string; inner: JsonObject | null } = { text: "", inner: null };

/** parsedOnce parses a text that holds the word. */
export function parsedOnce(text: Json | undefined, word: string): JsonObject | null {
  if (typeof text !== "string" || !text.includes(word)) return null;
  if (opened.text !== text) opened = { text, inner: parseObject(text) };
  return opened.inner;
}
