import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, member, text, texts, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { verbOfName } from "../verbs.ts";

/** Slack audit logs of an Enterprise organisation. */
export default defineProvider({
  id: "slack_audit",
  title: "Slack audit logs",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: true, perCall: false, outcome: true, key: true, session: false },
  claims: (record) => {
    if (typeof record.action !== "string" || !isObject(record.actor) || !isObject(record.context)) return false;
    return (
      isObject(record.actor.user) ||
      isObject(record.context.location) ||
      isObject(record.context.app) ||
      "ua" in record.context
    );
  },
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  const operation = text(record, "action");
  if (operation === null) return deadLetter("no action");
  const time = timeOf(record.date_create);
  if (isFault(time)) return time;
  const context = member(record, "context");
  const actor = member(record, "actor");
  // USLACKUSER stands where nobody did it.
  const somebody = member(actor, "user");
  const user = text(somebody, "id") === "USLACKUSER" ? null : somebody;
  const app = member(context, "app") ?? member(actor, "app");
  const entity = member(record, "entity");
  const details = member(record, "details");
  const token = text(app, "id") ?? text(context, "api_token_id");
  return ok(
    draft({
      event_uid: text(record, "id"),
      time,
      account: text(member(context, "location"), "id"),
      key_id: token,
      key_type: token === null ? "none" : "long_lived",
      session_uid: text(context, "session_id"),
      principal_uid: text(user, "id") ?? text(user, "email") ?? token ?? text(somebody, "id"),
      principal: text(user, "email") ?? text(user, "name") ?? text(app, "name"),
      principal_type: user !== null ? "human" : token === null && somebody === null ? "unknown" : "service",
      operation,
      service: text(entity, "type"),
      verb_class: verbOf(operation),
      outcome: /fail|_denied$/.test(operation)
        ? operation.includes("login")
          ? "unauthenticated"
          : "denied"
        : "success",
      source: text(context, "ip_address"),
      user_agent: text(context, "ua"),
      resources: named(
        ...Object.values(entity ?? {}).map((thing) =>
          isObject(thing) ? (text(thing, "name") ?? text(thing, "id")) : null,
        ),
      ),
      scopes: [...texts(field(details, "new_scopes")), ...texts(field(details, "scopes"))],
    }),
  );
}

const READ = /download|_viewed|exported|^export|_read|_accessed|previewed|search/;
const ADMIN =
  /^(app_|pref|role_|owner|user_(created|deactivated|reactivated|added|removed|invited)|workspace_|org|organization|idp|sso|scim|ekm|billing|barrier|legal|manual_export|scheduled_export|emm|service|bot_|guest|channel_(workspaces|moderation)|external|approval|ip_allowlist|mobile_device|custom_tos|two_factor|require|audit|token)|private_channel_converted|public_channel_converted|_pref_changed|permission|scope|role/;

function verbOf(operation: string): VerbClass {
  if (/^user_(login|logout)|session|_login/.test(operation)) return "auth";
  if (operation === "anomaly") return "read";
  if (READ.test(operation) && !operation.includes("export")) return "read";
  if (ADMIN.test(operation)) return "admin";
  const verb = verbOfName(operation);
  return verb === "read" ? "read" : "write";
}
