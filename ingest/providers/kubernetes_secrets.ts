import { field, member, text } from "../fields.ts";
import { isObject } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";
import { notKept, veiled } from "./veil.ts";

/** Where the audit log may hold a Secret: what was sent, what was answered, and what a webhook patched into it. */
const BODIES = /^(requestobject|responseobject)$/i;
const PATCHES = "patch.webhook.admission.k8s.io/";

/**
 * keptOfSecrets leaves of a call on Secrets everything but the Secrets: of bodies only the metadata is kept, in whatever shape they come
 * (one, a list, a merge patch, a JSON patch). What held values reads as a Secret without them, so that the redactor still reports it.
 */
export function keptOfSecrets(record: JsonObject): JsonObject {
  if (!isOnSecrets(record) || !mayHoldSecrets(record)) return record;
  const copy: JsonObject = { ...record };
  for (const name in record) {
    if (BODIES.test(name)) copy[name] = bodyOf(record[name] ?? null);
    else if (name === "annotations") copy[name] = withoutPatches(record[name] ?? null);
  }
  return copy;
}

const isOnSecrets = (record: JsonObject): boolean => {
  const resource = text(member(record, "objectRef"), "resource");
  return resource === null
    ? /\/secrets(?:[/?]|$)/.test(text(record, "requestURI") ?? "")
    : resource.toLowerCase() === "secrets";
};

/** Most calls on Secrets are logged without bodies, and stay what they are. */
function mayHoldSecrets(record: JsonObject): boolean {
  for (const name in record) {
    const value = record[name];
    if (BODIES.test(name)) return true;
    if (name === "annotations" && isObject(value) && Object.keys(value).some((n) => n.startsWith(PATCHES))) return true;
  }
  return false;
}

function bodyOf(body: Json): Json {
  if (Array.isArray(body)) return body.map(secretOf);
  if (!isObject(body) || !Array.isArray(body.items)) return secretOf(body);
  const { items, ...rest } = body;
  return { ...shownOf(rest), items: items.map(secretOf) };
}

/** Too short for the redactor to look for it in the rest of the record. */
const NO_VALUE = "no text";
const noValue = (value: string | number): string => (value === "" ? "" : NO_VALUE);

function shownOf(object: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const name in object)
    out[name] = name === "metadata" ? metadataOf(object[name] ?? null) : veiled(object[name] ?? null, noValue);
  return out;
}

/** Under the kind Secret the redactor marks and reports what stands in `data` and `stringData`; the `value` of a patch goes there. */
function secretOf(object: Json): Json {
  if (!isObject(object)) return veiled(object, noValue);
  const { value, ...out } = shownOf(object);
  if (value !== undefined) out.data ??= value;
  if (out.data !== undefined || out.stringData !== undefined) out.kind = "Secret";
  return out;
}

/** `kubectl apply` writes the whole object into an annotation. */
function metadataOf(metadata: Json): Json {
  if (!isObject(metadata)) return veiled(metadata, noValue);
  const annotations = field(metadata, "annotations");
  return annotations === undefined ? metadata : { ...metadata, annotations: veiled(annotations, noValue) };
}

function withoutPatches(annotations: Json): Json {
  if (!isObject(annotations)) return annotations;
  const copy: JsonObject = {};
  for (const name in annotations) copy[name] = name.startsWith(PATCHES) ? NO_VALUE : (annotations[name] ?? null);
  return copy;
}

/** Members may stand in a text inside of a text, so their quotes may be escaped. */
const MARK = /\/secrets\b|"secrets\\{0,8}"|"Secret(?:List)?\\{0,8}"/;
const OBJECT = /"Secret(?:List)?\\{0,8}"/;
const BODY = /\\{0,8}"(?:(?:request|response)Object\\{0,8}"\s{0,8}:|patch\.webhook\.admission\.k8s\.io\/)/i;

/** tornOfSecrets keeps of a text that is no JSON, and may be of a call on Secrets, what stands before the first body. */
export function tornOfSecrets(text: string): string {
  if (!MARK.test(text)) return text;
  const body = text.search(BODY);
  if (body < 0) return OBJECT.test(text) ? notKept(text) : text;
  const head = text.slice(0, body);
  return `${/auditID|annotations/.test(head) ? head : ""}${notKept(text)}`;
}
