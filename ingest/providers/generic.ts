import type { ApiOutcome } from "../../schemas/activity.ts";
import type { GenericMap } from "../../schemas/config.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { outcomeOfErrorCode, outcomeOfStatus } from "../outcome_of.ts";
import { compilePath, type Reader } from "../paths.ts";
import { type Draft, defineProvider, type Json, type JsonObject, type Provider } from "../provider.ts";
import { parseTime } from "../time.ts";
import { verbOfMethod, verbOfName } from "../verbs.ts";
import { mayBeId, pathOf } from "./access_log.ts";

type Field = keyof GenericMap["fields"];
/** Reading finds the fields of a record; `knows` says which ones it looks for at all. */
interface Reading {
  knows(field: Field): boolean;
  of(record: JsonObject): (field: Field) => Json | undefined;
}

/** genericProvider reads any JSON log by the user's field map. A map without `claims` is used only where it is named. */
export function genericProvider(id: string, map: GenericMap): Provider {
  const readers: Partial<Record<Field, Reader>> = {};
  for (const [field, path] of Object.entries(map.fields))
    if (path !== undefined) readers[field as Field] = compilePath(path);
  const reading: Reading = {
    knows: (field) => readers[field] !== undefined,
    of: (record) => (field) => readers[field]?.(record),
  };
  const wanted = Object.entries(map.claims).map(([path, value]) => ({ read: compilePath(path), value }));
  return fromReading(id, `${id} (field map)`, reading, {
    claims: (record) =>
      wanted.length > 0 &&
      wanted.every(({ read, value }) => {
        const found = read(record);
        return found !== undefined && (value === null || found === value);
      }),
    success: new Set(map.success.map((word) => word.toLowerCase())),
    principalType: map.principal_type,
    collapseIds: false,
  });
}

/** The names people give their fields, the likeliest first. */
const COMMON_NAMES: Record<Field, string> = {
  time: "timestamp time @timestamp ts datetime date created_at event_time eventTime time_iso8601 time_local",
  event_uid: "id event_id eventId uuid request_id requestId trace_id",
  key: "api_key_id key_id api_key apikey apiKey token_id access_key_id access_key credential_id client_id key",
  principal: "principal user user_id username user_name userId actor account_name email sub consumer",
  account: "account account_id tenant tenant_id org org_id organization_id project_id",
  operation:
    "operation action event event_name event_type api_method rpc path request_path uri request_uri url endpoint",
  service: "service service_name api host upstream",
  outcome: "outcome result success status",
  status_code: "status status_code statusCode http_status response_code response_status code",
  error_code: "error_code errorCode error",
  source:
    "ip remote_addr client_ip source_ip src_ip remote_ip ip_address clientIp sourceIp remote_address x_forwarded_for",
  user_agent: "user_agent userAgent http_user_agent ua agent",
  region: "region",
  resource: "resource resource_id resource_name target object",
  environment: "environment env stage",
  bytes_out: "bytes_out bytes_sent body_bytes_sent response_bytes response_size bytes",
  session: "session_id sessionId session",
  method: "method http_method request_method verb",
};

/** The default map, for `--provider generic` without config. It guesses, so it never claims a record by itself. */
export default defineProvider(
  fromReading("generic", "JSON lines with common field names", commonReading(), {
    claims: () => false,
    success: new Set(["success", "succeeded", "ok", "allowed", "allow", "true", "completed"]),
    principalType: "unknown",
    collapseIds: true,
  }),
);

interface Seat {
  field: Field;
  /** Of a field's names the one that stands first in its list counts. */
  rank: number;
}

/** commonReading looks once at each name of a record, instead of once for each name that a field may have. */
function commonReading(): Reading {
  const seats = new Map<string, Seat[]>();
  for (const [field, names] of Object.entries(COMMON_NAMES))
    for (const [rank, name] of names.split(" ").entries())
      seats.set(name, [...(seats.get(name) ?? []), { field: field as Field, rank }]);
  return {
    knows: () => true,
    of(record) {
      const ranks: Partial<Record<Field, number>> = {};
      const values: Partial<Record<Field, Json>> = {};
      for (const name in record) {
        const wanted = seats.get(name);
        const value = record[name];
        if (wanted === undefined || value === undefined || scalar(value) === null) continue;
        for (const { field, rank } of wanted) {
          if (rank >= (ranks[field] ?? Number.POSITIVE_INFINITY)) continue;
          ranks[field] = rank;
          values[field] = value;
        }
      }
      return (field) => values[field];
    },
  };
}

interface Options {
  claims: Provider["claims"];
  /** Small letters. */
  success: ReadonlySet<string>;
  principalType: Draft["principal_type"];
  /** Replaces ids inside paths by `{id}`: without it each object would be a new operation. */
  collapseIds: boolean;
}

function fromReading(id: string, title: string, reading: Reading, options: Options): Provider {
  return {
    id,
    title,
    latenessMs: 5 * 60_000,
    tells: {
      source: reading.knows("source"),
      userAgent: reading.knows("user_agent"),
      perCall: true,
      outcome: reading.knows("outcome") || reading.knows("status_code") || reading.knows("error_code"),
      key: reading.knows("key"),
      session: false,
    },
    claims: options.claims,
    normalize: (record) => normalize(reading.of(record), options),
  };
}

function normalize(read: (field: Field) => Json | undefined, options: Options): Outcome<Draft> {
  const text = (field: Field): string | null => scalar(read(field));
  const rawTime = read("time");
  const time = parseTime(rawTime);
  if (time === null)
    return deadLetter(
      rawTime == null ? "no time in the mapped field" : "the mapped time is no time between 2000 and 2100",
    );
  const named = text("operation");
  if (named === null) return deadLetter("no operation in the mapped field");
  const method = text("method");
  const key = keyOf(text("key"));
  const status = statusOf(text("status_code"));
  const error = text("error_code");
  return ok({
    event_uid: text("event_uid"),
    time,
    account: text("account"),
    key_id: key,
    key_type: key === null ? "none" : "long_lived",
    session_uid: text("session"),
    session_kind: "none",
    principal_uid: text("principal"),
    principal: text("principal"),
    principal_type: options.principalType,
    operation: operationOf(named, method, options.collapseIds),
    service: text("service"),
    verb_class: method === null ? verbOfName(named) : verbOf(method, named),
    outcome: outcomeOf(text("outcome"), status, error, options.success),
    error_code: error,
    status_code: status,
    source: text("source"),
    vpc_endpoint: null,
    user_agent: text("user_agent"),
    region: text("region"),
    resources: listOf(read("resource")),
    key_resources: [],
    environment: text("environment"),
    scopes: [],
    bytes_out: bytesOf(read("bytes_out")),
  });
}

/** scalar gives text of a string, number or boolean that says something; log writers put "-" where they know nothing. */
function scalar(value: Json | undefined): string | null {
  if (typeof value === "string") return value === "" || value === "-" ? null : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/** keyOf takes the scheme off an Authorization header, so that header and bare key are one key. */
const keyOf = (text: string | null): string | null =>
  text?.replace(/^(bearer|token|apikey|api-key)\s+/i, "").trim() || null;

function statusOf(text: string | null): number | null {
  return text !== null && /^[1-5]\d\d$/.test(text) ? Number(text) : null;
}

function verbOf(method: string, operation: string): Draft["verb_class"] {
  const verb = verbOfMethod(method);
  return verb === "unknown" ? verbOfName(operation) : verb;
}

/** operationOf joins method and path and leaves the query out: it varies, and keys stand in it. */
function operationOf(named: string, method: string | null, collapseIds: boolean): string {
  if (!named.startsWith("/") && !/^https?:\/\//i.test(named)) return named;
  const path = pathOf(named);
  const shown = collapseIds ? path.split("/").map(collapse).join("/") : path;
  return method === null ? shown : `${method.toUpperCase()} ${shown}`;
}

const collapse = (segment: string): string =>
  mayBeId(segment) &&
  (/^(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|(?=.*\d)[\w-]{20,})$/i.test(segment) || segment.length > 64)
    ? "{id}"
    : segment;

/** outcomeOf trusts the outcome field first; what it does not call success is told apart by status or error. */
function outcomeOf(
  told: string | null,
  status: number | null,
  error: string | null,
  success: ReadonlySet<string>,
): ApiOutcome {
  if (told !== null && success.has(told.toLowerCase())) return "success";
  const byStatus = status === null ? null : outcomeOfStatus(status);
  if (told === null) return byStatus ?? (error === null ? "unknown" : outcomeOfErrorCode(error));
  if (byStatus !== null && byStatus !== "success" && byStatus !== "unknown") return byStatus;
  return outcomeOfErrorCode(error ?? told);
}

const MAX_RESOURCES = 16;

function listOf(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value.slice(0, MAX_RESOURCES) : [value];
  return list.map(scalar).filter((text) => text !== null);
}

function bytesOf(value: Json | undefined): number | null {
  const bytes = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof bytes === "number" && bytes >= 0 ? bytes : null;
}
