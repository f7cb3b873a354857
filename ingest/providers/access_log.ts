import type { AccessConfig } from "../../schemas/config.ts";
import { field, member, said, text, texts, wordOf } from "../fields.ts";
import type { CallerRule } from "../forwarded.ts";
import { isObject } from "../json.ts";
import { compilePath, type Reader } from "../paths.ts";
import type { Json, JsonObject } from "../provider.ts";
import { bareKey, keyOfLine, keyOfUser, userName } from "./access_keys.ts";

/** Access is one line of an access log, of whichever proxy wrote it. */
export interface Access {
  time: Json | undefined;
  method: string | null;
  /** Path or whole address, as the line has it. */
  target: string | null;
  host: string | null;
  status: number | null;
  /** Raw header or key, its hash, or the id of a consumer; the pipeline fingerprints it. */
  key: string | null;
  principal: string | null;
  /** Who called; before readAccess decides, the address of the connection. */
  source: string | null;
  /** What forwarded headers name, in their order. */
  forwarded: readonly string[];
  userAgent: string | null;
  requestId: string | null;
  service: string | null;
  bytesOut: number | null;
}

/** AccessMap is where the operator's format keeps what; a dotted path into the record each. */
export type AccessMap = AccessConfig["fields"];

/** AccessReaders is an AccessMap made ready once, instead of for each line. */
export type AccessReaders = Partial<Record<keyof AccessMap, Reader>>;

export const compileAccess = (map: AccessMap): AccessReaders =>
  Object.fromEntries(
    Object.entries(map).flatMap(([name, path]) => (path === undefined ? [] : [[name, compilePath(path)]])),
  );

/** isAccess tells JSON access logs of nginx, Envoy and Kong by members that stand together nowhere else. */
export function isAccess(record: JsonObject): boolean {
  return isKong(record) || isEnvoy(record) || isNginx(record);
}

const isKong = (r: JsonObject): boolean =>
  isObject(r.latencies) && isObject(r.request) && isObject(r.response) && ("client_ip" in r || "started_at" in r);

const isEnvoy = (r: JsonObject): boolean =>
  "response_flags" in r &&
  "response_code" in r &&
  ("authority" in r || "upstream_host" in r || "upstream_cluster" in r || "path" in r);

function isNginx(r: JsonObject): boolean {
  if (!("remote_addr" in r) || !("status" in r)) return false;
  return (
    ("request" in r || "request_uri" in r || "request_method" in r || "uri" in r) &&
    ("time_local" in r || "time_iso8601" in r || "msec" in r || "time" in r)
  );
}

/** accessHost is the host that a line is about, by the proxy's own format. */
export function accessHost(record: JsonObject): string | null {
  if (isKong(record)) return scalar(field(member(member(record, "request"), "headers"), "host"));
  if (isEnvoy(record)) return text(record, "authority");
  const line = text(record, "request") ?? text(record, "request_uri") ?? "";
  return (
    hostOf(line.slice(line.indexOf(" ") + 1)) ??
    text(record, "http_host") ??
    text(record, "host") ??
    text(record, "server_name")
  );
}

/** readAccess reads a line. The operator's map goes before what the proxy's own format says; `headers` may carry the key too. */
export function readAccess(
  record: JsonObject,
  map: AccessReaders,
  caller: CallerRule,
  headers: readonly string[] = [],
): Access {
  const found = isKong(record) ? kong(record) : isEnvoy(record) ? envoy(record) : nginx(record);
  const told = (name: keyof AccessMap): string | null => scalar(map[name]?.(record));
  const path = told("path") ?? found.target;
  const sources = map.source === undefined ? NOBODY : listOf(map.source(record));
  const key = told("key") ?? found.key ?? keyOfLine(record, headers, path) ?? keyOfUser(record, path);
  return {
    time: map.time === undefined ? found.time : map.time(record),
    method: (told("method") ?? found.method)?.toUpperCase() ?? null,
    target: path,
    host: told("host") ?? hostOf(path) ?? found.host,
    status: statusOf(told("status")) ?? found.status,
    key: key === null ? null : bareKey(key),
    principal: told("principal") ?? found.principal,
    source: sources.length > 0 ? caller(null, sources) : caller(found.source, found.forwarded),
    forwarded: found.forwarded,
    userAgent: told("user_agent") ?? found.userAgent,
    requestId: told("request_id") ?? found.requestId,
    service: told("service") ?? found.service,
    bytesOut: bytesOf(told("bytes_out")) ?? found.bytesOut,
  };
}

function kong(r: JsonObject): Access {
  const request = member(r, "request");
  const response = member(r, "response");
  const consumer = member(r, "consumer");
  const headers = member(request, "headers");
  return {
    time: r.started_at ?? r.time,
    method: text(request, "method"),
    target: text(request, "uri") ?? text(request, "url"),
    host: scalar(field(headers, "host")),
    status: statusOf(text(response, "status")),
    key: text(member(r, "authenticated_entity"), "id"),
    principal: text(consumer, "username") ?? text(consumer, "custom_id") ?? text(consumer, "id"),
    source: text(r, "client_ip"),
    forwarded: listOf(field(headers, "x-forwarded-for")),
    userAgent: scalar(field(headers, "user-agent")),
    requestId: text(request, "id") ?? scalar(field(headers, "x-request-id")),
    service: text(member(r, "service"), "name"),
    bytesOut: bytesOf(text(response, "size")),
  };
}

function envoy(r: JsonObject): Access {
  return {
    time: r.start_time ?? r.time ?? r["@timestamp"],
    method: text(r, "method"),
    target: text(r, "path"),
    host: text(r, "authority"),
    status: statusOf(text(r, "response_code")),
    key: null,
    principal: text(r, "downstream_peer_uri_san") ?? text(r, "downstream_peer_subject") ?? text(r, "jwt_sub"),
    source: text(r, "downstream_remote_address") ?? text(r, "downstream_direct_remote_address"),
    forwarded: listOf(r.x_forwarded_for),
    userAgent: text(r, "user_agent"),
    requestId: text(r, "request_id") ?? text(r, "x_request_id"),
    service: text(r, "route_name") ?? text(r, "upstream_cluster"),
    bytesOut: bytesOf(text(r, "bytes_sent")),
  };
}

function nginx(r: JsonObject): Access {
  const line = /^(\S+) (\S+)(?: HTTP\/[\d.]+)?$/.exec(text(r, "request") ?? "");
  return {
    time: r.time_iso8601 ?? r.msec ?? r.time_local ?? r.time ?? r["@timestamp"],
    method: text(r, "request_method") ?? line?.[1] ?? null,
    target: text(r, "request_uri") ?? line?.[2] ?? text(r, "uri"),
    host: text(r, "http_host") ?? text(r, "host") ?? text(r, "server_name"),
    status: statusOf(text(r, "status")),
    key: null,
    principal: userName(r) ?? text(r, "ssl_client_s_dn") ?? text(r, "consumer"),
    source: text(r, "remote_addr"),
    forwarded: listOf(r.http_x_forwarded_for),
    userAgent: text(r, "http_user_agent"),
    requestId: text(r, "request_id"),
    service: text(r, "upstream_name") ?? text(r, "proxy_host"),
    bytesOut: bytesOf(text(r, "body_bytes_sent") ?? text(r, "bytes_sent")),
  };
}

function hostOf(target: string | null): string | null {
  return /^https?:\/\/(?:[^/?#@]*@)*([^/?#@]+)/i.exec(target ?? "")?.[1] ?? null;
}

const NOBODY: readonly string[] = [];
/** Longest end of a forwarded list that is read, characters: the end is what proxies of the house wrote. */
const MAX_LIST = 4096;

function listOf(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null || value === "-") return NOBODY;
  const list = texts(value).join(",").slice(-MAX_LIST).split(",");
  return list.map((entry) => entry.trim()).filter((entry) => said(entry) !== null);
}

function scalar(value: Json | undefined): string | null {
  const one = Array.isArray(value) ? texts(value)[0] : value;
  return wordOf(one);
}

const statusOf = (value: string | null): number | null =>
  value !== null && /^[1-5]\d\d$/.test(value) ? Number(value) : null;
const bytesOf = (value: string | null): number | null =>
  value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;

/** Parts of a path that name one thing: numbers, UUIDs, hex, and the ids that providers make, such as `cus_9s6XKzkNRiz8i3` or `SM3f…`. */
const ID =
  /^(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|[A-Z]{2}[0-9a-f]{32}|[a-z]{2,10}_(?=\w*\d)\w{8,}|(?=.*\d)[\w-]{20,})$/i;

/** pathOf leaves of an address what stands between its host and its query. */
export function pathOf(target: string): string {
  const local = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?#]*/i, "");
  const end = local.search(/[?#]/);
  return (end < 0 ? local : local.slice(0, end)) || "/";
}

/** mayBeId tells most parts of a path from ids at a glance: short ones without a digit are words. */
export const mayBeId = (part: string): boolean => part.length >= 16 || /\d/.test(part);

/** callName is method and path without query and with ids replaced, or each object would be an operation of its own. */
export function callName(method: string | null, target: string | null): string | null {
  if (target === null) return method;
  const path = pathOf(target);
  const shown = path
    .split("/")
    .map((part, i) => {
      // The first part of a path may be the version of the API: `/2/tweets`.
      if (i === 1 && /^\d{1,2}$/.test(part)) return part;
      if (!mayBeId(part)) return part;
      const stem = part.replace(/\.json$/, "");
      return ID.test(stem) || part.length > 64 ? `{id}${part.slice(stem.length)}` : part;
    })
    .join("/");
  return method === null ? shown : `${method} ${shown}`;
}
