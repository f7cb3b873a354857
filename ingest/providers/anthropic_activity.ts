import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, member, text, texts, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { verbOfName } from "../verbs.ts";

/** Anthropic Compliance API activity feed: people, keys and services of an organisation. Calls to models are not in it. */
export default defineProvider({
  id: "anthropic_activity",
  title: "Anthropic activity feed",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: true, perCall: false, outcome: true, key: true, session: false },
  claims: (record) =>
    typeof record.type === "string" &&
    typeof record.created_at === "string" &&
    isObject(record.actor) &&
    typeof record.actor.type === "string" &&
    ((typeof record.id === "string" && record.id.startsWith("activity_")) ||
      (record.actor.type.endsWith("_actor") && "organization_id" in record)),
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  const operation = text(record, "type");
  if (operation === null) return deadLetter("no type");
  const time = timeOf(record.created_at);
  if (isFault(time)) return time;
  const actor = member(record, "actor");
  const key = text(actor, "api_key_id") ?? text(actor, "admin_api_key_id") ?? text(actor, "service_key_id");
  const email = text(actor, "email_address") ?? text(actor, "unauthenticated_email_address");
  const person = text(actor, "user_id") ?? email;
  // Anthropic itself and its processes have no name: their kind stands for them.
  const kind = text(actor, "type");
  const nameless = kind === "system_actor" || kind === "anthropic_actor" ? kind : null;
  const who =
    person ??
    key ??
    text(actor, "service_account_id") ??
    text(actor, "directory_id") ??
    text(actor, "service") ??
    nameless;
  return ok(
    draft({
      event_uid: text(record, "id"),
      time,
      account: text(record, "organization_id") ?? text(record, "organization_uuid"),
      key_id: key,
      key_type: key === null ? "none" : "long_lived",
      principal_uid: who,
      principal: email ?? who,
      principal_type: person !== null ? "human" : who === null ? "unknown" : "service",
      operation,
      service: "anthropic",
      verb_class: verbOf(operation),
      outcome: /(_failed|_denied|_blocked)$/.test(operation)
        ? /login|sso|auth|magic/.test(operation)
          ? "unauthenticated"
          : "denied"
        : "success",
      source: text(actor, "ip_address"),
      user_agent: text(actor, "user_agent"),
      resources: named(text(record, "target_id"), text(record, "resource_id"), ...idsOf(record)),
      key_resources: /api_key_(created|deleted|revoked)|service_key_(created|revoked)/.test(operation)
        ? named(...keysOf(record))
        : [],
      scopes: texts(field(record, "scopes")),
    }),
  );
}

/** An activity names what it is about as `<thing>_id`. */
function idsOf(record: JsonObject): (string | null)[] {
  return Object.keys(record)
    .filter((name) => name.endsWith("_id") && !name.startsWith("organization") && !/^(target|resource)_id$/.test(name))
    .map((name) => text(record, name));
}

const keysOf = (record: JsonObject): (string | null)[] =>
  ["api_key_id", "admin_api_key_id", "service_key_id"].map((name) => text(record, name));

function verbOf(operation: string): VerbClass {
  if (/login|logout|signed_in|sign_in|sso_(login|initiated)|magic_link|session/.test(operation)) return "auth";
  if (/_(viewed|downloaded|accessed|listed|read|retrieved|searched)$/.test(operation)) return "read";
  if (
    /^(claude_)?(chat|file|project|artifact|message|conversation|snippet|prompt)/.test(operation) &&
    !/shar|permission|role|public|member/.test(operation)
  ) {
    const verb = verbOfName(operation);
    return verb === "read" ? "read" : "write";
  }
  return "admin";
}
