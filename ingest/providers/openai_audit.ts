import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, member, text, texts, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { outcomeOfErrorCode } from "../outcome_of.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";

/**
 * OpenAI organisation audit log: administration only. What a key calls is not in it; that comes from `egress_log`.
 * Only sessions of people carry an address.
 */
export default defineProvider({
  id: "openai_audit",
  title: "OpenAI audit logs",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: true, perCall: false, outcome: true, key: true, session: false },
  claims: (record) =>
    record.object === "organization.audit_log" ||
    (typeof record.effective_at === "number" && typeof record.type === "string" && isObject(record.actor)),
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  const operation = text(record, "type");
  if (operation === null) return deadLetter("no type");
  const time = timeOf(record.effective_at);
  if (isFault(time)) return time;
  const actor = member(record, "actor");
  const session = member(actor, "session");
  const key = member(actor, "api_key");
  const user = member(session, "user") ?? member(key, "user");
  const account = member(key, "service_account");
  const project = member(record, "project");
  // The details stand under the event's own name, with dots or with underscores.
  const details = member(record, operation) ?? member(record, operation.replaceAll(".", "_"));
  const keyId = text(key, "id");
  const code = text(details, "error_code");
  return ok(
    draft({
      event_uid: text(record, "id"),
      time,
      account: text(project, "id"),
      key_id: keyId,
      key_type: keyId === null ? "none" : "long_lived",
      principal_uid: text(user, "id") ?? text(account, "id") ?? keyId,
      principal: text(user, "email") ?? text(user, "id") ?? text(account, "id"),
      principal_type: account !== null ? "service" : session !== null ? "human" : "unknown",
      operation,
      service: "openai",
      verb_class: verbOf(operation),
      outcome: code !== null ? authOf(code) : operation.endsWith(".failed") ? "unauthenticated" : "success",
      error_code: code,
      source: text(session, "ip_address"),
      user_agent: text(session, "user_agent"),
      resources: named(
        text(details, "id"),
        text(details, "principal_id"),
        text(details, "resource_id"),
        text(project, "name"),
      ),
      key_resources: /^(admin_)?api_key\.(created|deleted)$/.test(operation) ? named(text(details, "id")) : [],
      scopes: texts(field(member(details, "data") ?? member(details, "changes_requested"), "scopes")),
    }),
  );
}

const authOf = (code: string): Draft["outcome"] => {
  const told = outcomeOfErrorCode(code);
  return told === "invalid" || told === "error" ? "unauthenticated" : told;
};

function verbOf(operation: string): VerbClass {
  return /^(login|logout)\./.test(operation) ? "auth" : "admin";
}
