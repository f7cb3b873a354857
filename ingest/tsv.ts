import type { ApiActivity } from "../schemas/activity.ts";

/** Columns of `events` in the order in which eventRow writes them. */
export const eventColumns = [
  "event_uid",
  "provider",
  "account",
  "time",
  "ingested_at",
  "seq",
  "key_uid",
  "key_hint",
  "key_type",
  "subject_uid",
  "session_uid",
  "session_kind",
  "principal_uid",
  "principal",
  "principal_type",
  "operation",
  "service",
  "verb_class",
  "outcome",
  "error_code",
  "status_code",
  "src_kind",
  "src_ip",
  "src_net",
  "asn",
  "as_org",
  "country",
  "region_geo",
  "city",
  "lat",
  "lon",
  "hosting",
  "vpc_endpoint",
  "user_agent",
  "user_agent_family",
  "region",
  "resources",
  "environment",
  "scopes",
  "bytes_out",
  "secrets",
  "raw",
  "position",
] as const satisfies readonly (keyof ApiActivity)[];

const NULL = "\\N";
const NEEDS_ESCAPE = /[\t\n\r\\\0]/;

/** field escapes one text for TabSeparated. */
export function field(text: string | null): string {
  if (text === null) return NULL;
  return NEEDS_ESCAPE.test(text) ? escapeField(text) : text;
}

const ESCAPES: Record<string, string> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "\0": "\\0" };
const escapeField = (text: string): string => text.replace(/[\t\n\r\\\0]/g, (c) => ESCAPES[c]!);

const number = (value: number | null): string => (value === null ? NULL : String(value));

/** array writes an Array(String): quoted elements, quotes and control characters escaped. */
function array(items: readonly string[]): string {
  if (items.length === 0) return "[]";
  return `[${items.map((item) => `'${escapeField(item).replaceAll("'", "\\'")}'`).join(",")}]`;
}

/** timestamp writes ms since the epoch as DateTime64(3) reads it: seconds with three decimals. */
export function timestamp(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const rest = ms - seconds * 1000;
  return rest === 0 ? String(seconds) : `${seconds}.${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}`;
}

/** eventRow is one event as a TabSeparated line. */
export function eventRow(e: ApiActivity): string {
  return `${field(e.event_uid)}\t${e.provider}\t${field(e.account)}\t${timestamp(e.time)}\t${timestamp(e.ingested_at)}\t${e.seq}\t${field(e.key_uid)}\t${field(e.key_hint)}\t${e.key_type}\t${field(e.subject_uid)}\t${field(e.session_uid)}\t${e.session_kind}\t${field(e.principal_uid)}\t${field(e.principal)}\t${e.principal_type}\t${field(e.operation)}\t${field(e.service)}\t${e.verb_class}\t${e.outcome}\t${field(e.error_code)}\t${number(e.status_code)}\t${placeFields(e)}\t${field(e.vpc_endpoint)}\t${field(e.user_agent)}\t${field(e.user_agent_family)}\t${field(e.region)}\t${array(e.resources)}\t${field(e.environment)}\t${array(e.scopes)}\t${number(e.bytes_out)}\t${array(e.secrets)}\t${field(e.raw)}\t${field(e.position)}\n`;
}

function placeFields(e: ApiActivity): string {
  return `${e.src_kind}\t${field(e.src_ip)}\t${field(e.src_net)}\t${number(e.asn)}\t${field(e.as_org)}\t${field(e.country)}\t${field(e.region_geo)}\t${field(e.city)}\t${number(e.lat)}\t${number(e.lon)}\t${e.hosting === null ? NULL : e.hosting}`;
}
