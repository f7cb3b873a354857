import type { ApiOutcome, VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, member, text, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type Json, type JsonObject } from "../provider.ts";
import { verbOfMethod, verbOfName } from "../verbs.ts";

/** Cloudflare audit logs: version 1 and 2, each as the API gives it and as Logpush flattens it. Only version 2 names tokens. */
export default defineProvider({
  id: "cloudflare_audit",
  title: "Cloudflare audit logs",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: true, perCall: false, outcome: true, key: true, session: false },
  claims: (record) => isApi(record) || isPushed(record),
  normalize: (record) => normalize(isPushed(record) ? unfold(record) : record),
});

function isApi(record: JsonObject): boolean {
  if (!isObject(record.action) || !isObject(record.actor) || !isObject(record.resource)) return false;
  if (typeof record.action.type !== "string") return false;
  return "when" in record || "time" in record.action || "interface" in record || "owner" in record;
}

const isPushed = (record: JsonObject): boolean =>
  typeof record.ActionType === "string" &&
  "ActionResult" in record &&
  ("ActorIP" in record || "ActorIPAddress" in record || "ActorID" in record || "AuditLogID" in record);

/** unfold gives a Logpush row the names of the API, so that both are read in one way. */
function unfold(row: JsonObject): JsonObject {
  const token = member(row, "ActorTokenDetails");
  return {
    id: row.AuditLogID ?? row.ID ?? null,
    when: row.ActionTimestamp ?? row.When ?? null,
    interface: row.Interface ?? null,
    account: { id: row.AccountID ?? null, name: row.AccountName ?? null },
    owner: { id: row.OwnerID ?? null },
    action: {
      type: row.ActionType ?? null,
      result: row.ActionResult ?? null,
      description: row.ActionDescription ?? null,
    },
    actor: {
      id: row.ActorID ?? null,
      email: row.ActorEmail ?? null,
      type: row.ActorType ?? null,
      ip: row.ActorIP ?? row.ActorIPAddress ?? null,
      context: row.ActorContext ?? null,
      token_id: token?.ID ?? token?.TokenID ?? token?.id ?? token?.token_id ?? null,
      token_name: token?.Name ?? token?.TokenName ?? token?.name ?? token?.token_name ?? null,
    },
    resource: { id: row.ResourceID ?? null, type: row.ResourceType ?? null, product: row.ResourceProduct ?? null },
    raw: row.Raw ?? null,
  };
}

function normalize(record: JsonObject): Outcome<Draft> {
  const action = member(record, "action");
  const type = text(action, "type");
  if (type === null) return deadLetter("no action.type");
  const time = timeOf(record.when, action?.time);
  if (isFault(time)) return time;
  const actor = member(record, "actor");
  const resource = member(record, "resource");
  const raw = member(record, "raw");
  const token = text(actor, "token_id");
  const context = text(actor, "context") ?? text(record, "interface");
  // Version 2 says what was done and to which kind of thing apart; `create` alone would be all creations.
  const thing = text(resource, "type");
  const operation =
    raw !== null || text(resource, "product") !== null ? [thing, type].filter((part) => part !== null).join(".") : type;
  const kind = text(actor, "type");
  return ok(
    draft({
      event_uid: text(record, "id"),
      time,
      account: text(member(record, "account"), "id") ?? text(member(record, "owner"), "id"),
      key_id: token,
      key_type: token === null ? "none" : "long_lived",
      principal_uid: text(actor, "email") ?? text(actor, "id") ?? token,
      principal: text(actor, "email") ?? text(actor, "token_name") ?? text(actor, "id"),
      principal_type:
        kind === "user" && !/token|key|oauth/i.test(context ?? "")
          ? "human"
          : kind === null || kind === "user"
            ? "unknown"
            : "service",
      operation,
      service: text(resource, "product") ?? thing,
      verb_class: verbOf(type, operation, text(raw, "method")),
      ...resultOf(field(action, "result"), text(raw, "status_code"), isAuth(type)),
      source: text(actor, "ip_address") ?? text(actor, "ip"),
      user_agent: text(raw, "user_agent") ?? text(raw, "UserAgent"),
      resources: named(text(resource, "id"), text(member(record, "zone"), "name")),
      key_resources:
        /token|api_key/i.test(operation) && /delete|revoke|create|roll/i.test(type) ? named(text(resource, "id")) : [],
    }),
  );
}

const isAuth = (type: string): boolean => /^log(in|out)|_login|two_factor/i.test(type);

function resultOf(
  result: Json | undefined,
  code: string | null,
  auth: boolean,
): Pick<Draft, "outcome" | "status_code"> {
  const status = code !== null && /^[1-5]\d\d$/.test(code) ? Number(code) : null;
  const good = result === true || result === "success" || result === "true";
  if (status !== null && (status >= 400 || result === undefined || result === null))
    return { outcome: outcomeOfStatus(status), status_code: status };
  const outcome: ApiOutcome = good
    ? "success"
    : result === undefined || result === null
      ? "unknown"
      : auth
        ? "unauthenticated"
        : "error";
  return { outcome, status_code: status };
}

const ADMIN =
  /token|api_key|member|role|permission|policy|account|user|access|sso|logpush|billing|subscription|certificate|gateway|ruleset|firewall|waf|key|secret|idp|dlp|organization|invite/i;

function verbOf(type: string, operation: string, method: string | null): VerbClass {
  if (isAuth(type)) return "auth";
  const verb = method === null ? verbOfName(type) : verbOfMethod(method);
  if (verb === "read" || /^(view|read|list|get)/i.test(type)) return "read";
  return ADMIN.test(operation) ? "admin" : "write";
}
