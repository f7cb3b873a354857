import { field, member, text, wordOf } from "../fields.ts";
import { isObject } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";
import { rememberingNames } from "../recent.ts";
import { isOpaque } from "../redact/entropy.ts";

/** keyOfLine finds the key of an access log line: its hash, else the header that carries it, else the query of `target`. */
export const keyOfLine = (record: JsonObject, headers: readonly string[], target: string | null): string | null =>
  hashOf(record) ?? keyHeader(record, headers) ?? keyOfQuery(target);

/** Where a header may stand, and under which names; the first that says something counts. */
const KEY_HEADERS = ["authorization", "x-api-key", "apikey", "api-key", "x-auth-token", "x-goog-api-key"];

/** A proxy that hashes the header itself is the better source: no key ever leaves it. */
const HASHES = [
  "authorization_sha256",
  "authorization_hash",
  "api_key_sha256",
  "api_key_hash",
  "key_fingerprint",
  "token_sha256",
  "api_key_id",
  "key_id",
  "credential_id",
];

function hashOf(record: JsonObject): string | null {
  for (const name of HASHES) {
    const value = text(record, name);
    if (value !== null) return value;
  }
  return null;
}

/** Headers stand as `headers: {…}`, below `request`, or as `http_<name>` (nginx) and `<name>` with underscores (Envoy). */
function keyHeader(record: JsonObject, more: readonly string[]): string | null {
  const places = [
    member(member(record, "request"), "headers"),
    member(record, "request_headers"),
    member(record, "headers"),
  ];
  for (const name of more.length === 0 ? KEY_HEADERS : [...more, ...KEY_HEADERS]) {
    const { flat, nginx } = spelled(name);
    for (const place of places) {
      const found = place === null ? null : wordOf(firstOf(field(place, name) ?? field(place, flat)));
      if (found !== null) return found;
    }
    const found = text(record, nginx) ?? text(record, flat);
    if (found !== null) return found;
  }
  return null;
}

/** spelled gives a header's name as proxies write it beside other members. */
const spelled = rememberingNames((name) => {
  const flat = name.replaceAll("-", "_");
  return { flat, nginx: `http_${flat}` };
});

/** Some APIs take the key in the query: `?key=…`, `&api_key=…`. */
const QUERY_KEY = /[?&](?:key|api_?key|access_token|apikey)=([^&#\s]{8,512})/i;

function keyOfQuery(target: string | null): string | null {
  const found = target === null ? undefined : QUERY_KEY.exec(target)?.[1];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

/**
 * bareKey takes the scheme off, so that header and bare key are one key. Of Basic only the user name is kept: at Twilio it is the id of
 * the key, at Stripe the key itself, and the password never names a key. Of a signed call only the id of the key is: the rest is another
 * each time.
 */
export function bareKey(header: string): string | null {
  const basic = /^basic\s+([A-Za-z0-9+/=_-]{1,4096})$/i.exec(header.trim());
  if (basic) {
    const pair = Buffer.from(basic[1]!, "base64").toString("utf8");
    const user = pair.slice(0, pair.includes(":") ? pair.indexOf(":") : pair.length);
    return user === "" ? null : user;
  }
  const signed = SIGNED.exec(header);
  if (signed !== null) return idOfSigned(signed[1]!.toLowerCase(), header);
  return DOUBLE.exec(header)?.[1] ?? (header.replace(/^(bearer|token|apikey|api-key|key)\s+/i, "").trim() || null);
}

/** A scheme with parameters: `OAuth oauth_token="…", oauth_nonce="…"`. The `=` at the end of a bare key is none of them. */
const SIGNED = /^\s{0,16}([A-Za-z][\w-]{0,63})\s{1,16}[A-Za-z_][\w.-]{0,63}\s{0,4}=\s{0,4}[^\s=]/;
/** The older way, an id and a signature: `AWS AKIA…:…` */
const DOUBLE = /^\s{0,16}(?:AWS|GOOG1|OSS|SharedKey(?:Lite)?)\s{1,16}([^\s:]{1,256}):/i;

/** idOfSigned is the parameter that names the key; of schemes that nobody told us of it is unknown, and the rest no key. */
function idOfSigned(scheme: string, header: string): string | null {
  if (scheme === "oauth") return parameter(header, OAUTH_TOKEN) ?? parameter(header, OAUTH_CONSUMER);
  if (scheme === "digest") return parameter(header, USERNAME);
  if (scheme === "token") return parameter(header, TOKEN);
  return scheme.includes("hmac") ? (parameter(header, CREDENTIAL)?.replace(/\/.*$/s, "") ?? null) : null;
}

const OAUTH_TOKEN = /[\s,]oauth_token\s{0,4}=\s{0,4}"?([^",\s]+)/i;
const OAUTH_CONSUMER = /[\s,]oauth_consumer_key\s{0,4}=\s{0,4}"?([^",\s]+)/i;
const USERNAME = /[\s,]username\s{0,4}=\s{0,4}"?([^",]+)/i;
const TOKEN = /[\s,]token\s{0,4}=\s{0,4}"?([^",\s]+)/i;
const CREDENTIAL = /[\s,&]credential\s{0,4}=\s{0,4}"?([^",&\s]+)/i;

const parameter = (header: string, name: RegExp): string | null => name.exec(header)?.[1] ?? null;

/**
 * keyOfUser is the key where the user name of Basic is one, as many APIs want it: a drawn value, not a name. It stands in `remote_user` of
 * nginx, or before the host of an absolute address.
 */
export function keyOfUser(record: JsonObject, target: string | null): string | null {
  const user = text(record, "remote_user");
  if (user !== null && isOpaque(user)) return user;
  const found = target === null ? undefined : USER_OF_ADDRESS.exec(target)?.[1];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

/** userName is the user of Basic where it is a name. */
export function userName(record: JsonObject): string | null {
  const user = text(record, "remote_user");
  return user === null || isOpaque(user) ? null : user;
}

/** User and password of an address, with its scheme. */
const USER_OF_ADDRESS = /^https?:\/\/([^/?#@:\s]{1,512})(?::[^/?#\s]{0,512})?@/i;
const USERINFO = /(\bhttps?:\/\/)[^/?#\s"']{1,1024}@/gi;

const firstOf = (value: Json | undefined): Json | undefined => (Array.isArray(value) ? value[0] : value);

/** Members under these names hold what authorises; the rest of a line is safe to show. */
const CREDENTIALS =
  /^(http_)?(proxy[-_])?(authorization|x[-_]api[-_]key|api[-_]?key|cookie|set[-_]cookie|x[-_]auth[-_]\w+|x[-_]goog[-_]api[-_]key|dd[-_]api[-_]key)$/i;
const HEADERS = /^((request|response)_)?headers$|^(request|response)$/i;
const QUERY_KEYS = /((?:^|[?&\s])(?:key|api_?key|access_token|apikey|token|sig|signature)=)[^&#\s]+/gi;

const sortOf = rememberingNames((name) =>
  CREDENTIALS.test(name) ? "credential" : HEADERS.test(name) ? "headers" : "other",
);

/**
 * withoutKeys is what of a line is kept: no header that authorises, and no key in a query, however it is written. Most lines stay what they
 * are. A member that goes is undefined, as JSON leaves it out: an object that lost one takes the engine twice as long to write.
 */
export function withoutKeys(record: JsonObject): JsonObject {
  let copy: Partial<JsonObject> = record;
  for (const name in record) {
    const value = record[name] ?? null;
    const kept = sortOf(name) === "credential" ? undefined : keptOf(name, value);
    if (kept === value) continue;
    if (copy === record) copy = { ...record };
    copy[name] = kept;
  }
  return copy as JsonObject;
}

function keptOf(name: string, value: Json): Json {
  if (typeof value === "string") {
    if (name === "remote_user" && isOpaque(value)) return "[not kept]";
    const safe = value.includes("=") ? value.replace(QUERY_KEYS, "$1[not kept]") : value;
    return safe.includes("@") ? safe.replace(USERINFO, "$1") : safe;
  }
  return isObject(value) && sortOf(name) === "headers" ? withoutKeys(value) : value;
}
