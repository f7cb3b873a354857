import type { KeyType, VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { isFault, text, timeOf } from "../fields.ts";
import { outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { verbOfMethod, verbOfName } from "../verbs.ts";

/**
 * GitHub organisation and enterprise audit log, by API, export or stream. Addresses are there only where the owner switched them on, and
 * single API requests (`api.request`) only in the stream.
 */
export default defineProvider({
  id: "github_audit",
  title: "GitHub audit log",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: false },
  claims,
  normalize,
});

const ACTION = /^[a-z0-9_]+(\.[a-z0-9_]+)+$/;

/** The action alone is anybody's; with it stands a name that only this log has. */
function claims(record: JsonObject): boolean {
  if (typeof record.action !== "string" || !ACTION.test(record.action)) return false;
  if (typeof record.actor === "object" || "entity" in record || "object" in record) return false;
  return (
    "_document_id" in record ||
    "hashed_token" in record ||
    "actor_location" in record ||
    "programmatic_access_type" in record ||
    "business" in record ||
    (typeof record.actor === "string" && (typeof record.org === "string" || typeof record.repo === "string"))
  );
}

function normalize(record: JsonObject): Outcome<Draft> {
  const action = text(record, "action");
  if (action === null) return deadLetter("no action");
  const time = timeOf(record["@timestamp"], record.created_at, record.at_sign_timestamp, record.timestamp);
  if (isFault(time)) return time;
  // Events about a token carry that token's id; which one the caller used they do not say.
  const token = tokenOf(record);
  const about = /^(personal_access_token|oauth_access)\./.test(action);
  const key = about ? null : token;
  const method = text(record, "request_method");
  const status = Number(text(record, "status_code") ?? Number.NaN);
  const operation = action === "api.request" && method !== null ? `${method} ${routeOf(record)}` : action;
  const known = Number.isInteger(status) && status >= 100;
  return ok(
    draft({
      event_uid: text(record, "_document_id"),
      time,
      account: text(record, "org") ?? text(record, "business") ?? text(record, "user"),
      key_id: key,
      key_type: key === null ? "none" : keyTypeOf(text(record, "programmatic_access_type")),
      principal_uid: text(record, "actor") ?? text(record, "actor_id") ?? text(record, "integration"),
      principal: text(record, "actor") ?? text(record, "integration"),
      principal_type: kindOf(record),
      operation,
      service: action.slice(0, action.indexOf(".")),
      verb_class: verbOf(operation, action, method, text(record, "operation_type")),
      outcome: known
        ? outcomeOfStatus(status)
        : /\.(fail|failed|rejected|denied)$|_failed$/.test(action)
          ? failure(action)
          : "success",
      status_code: known ? status : null,
      source: text(record, "actor_ip"),
      user_agent: text(record, "user_agent"),
      resources: named(
        text(record, "repo") ?? text(record, "repository"),
        text(record, "team"),
        action.startsWith("git.") ? null : text(record, "user"),
        text(record, "name"),
      ),
      key_resources: about && token !== null && KEY_LIFE.test(action) ? [token] : [],
      scopes: (text(record, "token_scopes") ?? text(record, "oauth_scopes"))?.split(/[\s,]+/).filter(Boolean) ?? [],
    }),
  );
}

const KEY_LIFE = /\.(create|destroy|access_granted|access_revoked)$/;

/** A token has a number; where there is none (0), its hash stands for it. */
function tokenOf(record: JsonObject): string | null {
  const names = ["token_id", "user_programmatic_access_id", "oauth_access_id"];
  return (
    names.map((name) => text(record, name)).find((id) => id !== null && id !== "0") ?? text(record, "hashed_token")
  );
}

const failure = (action: string): Draft["outcome"] =>
  /login|auth|two_factor|sso/.test(action) ? "unauthenticated" : "denied";

/** Server-to-server and user-to-server tokens of an app live for an hour; what a person or an OAuth app holds stands until revoked. */
const keyTypeOf = (access: string | null): KeyType =>
  access !== null && /github app (server|user)-to-server/i.test(access) ? "temporary" : "long_lived";

function kindOf(record: JsonObject): Draft["principal_type"] {
  const actor = text(record, "actor");
  if (record.actor_is_bot === true || actor?.endsWith("[bot]") || text(record, "actor_is_agent") === "true")
    return "service";
  if (/server-to-server|deploy key|actions/i.test(text(record, "programmatic_access_type") ?? "")) return "service";
  return actor === null ? "unknown" : "human";
}

/** routeOf prefers the route with its placeholders: a path with ids in it would be a new operation each time. */
function routeOf(record: JsonObject): string {
  const route = text(record, "route") ?? text(record, "url_path") ?? "/";
  return route.replace(/\?.*$/s, "").replace(/\/\d+(?=\/|$)/g, "/{id}");
}

const ADMIN_AREAS =
  /^(org|business|enterprise|team|hook|integration|integration_installation|oauth_application|oauth_access|oauth_authorization|personal_access_token|public_key|deploy_key|protected_branch|branch_protection|repository_ruleset|role|secret_scanning|repository_secret_scanning|repository_vulnerability|dependabot|ip_allow_list|external_identity|external_group|sso|saml|audit_log|billing|environment|org_credential_authorization|codespaces|copilot|two_factor|user|account|members_can|repo_secret|org_secret|required_status|advanced_security|git_signing|security_key|workflows_policy)/;
const ADMIN_ROUTES =
  /\/(keys|hooks|collaborators|members|memberships|invitations|secrets|rulesets|protection|installations|runners|outside_collaborators|teams|permissions)\b/;
const ADMIN_WORDS =
  /(access|permission|visibility|secret|member|collaborator|actions_enabled|runner|transfer|public|key|token|security|signing)/;

function verbOf(operation: string, action: string, method: string | null, type: string | null): VerbClass {
  if (operation !== action) {
    const verb = verbOfMethod(method ?? "");
    return verb === "write" && ADMIN_ROUTES.test(operation) ? "admin" : verb;
  }
  if (
    type === "authentication" ||
    /login|logout|sign_in|sso_response|two_factor_authentication\.(fail|success)/.test(action)
  )
    return "auth";
  if (type === "access" || /^git\.(clone|fetch)$|\.(download|export|download_zip|view)/.test(action)) return "read";
  const verb = type !== null && /^(create|modify|remove|restore|transfer)$/.test(type) ? "write" : readOrWrite(action);
  return verb === "write" && (ADMIN_AREAS.test(action) || ADMIN_WORDS.test(action)) ? "admin" : verb;
}

function readOrWrite(action: string): VerbClass {
  const verb = verbOfName(action);
  // The log is one of changes: what does not read, changes something.
  return verb === "read" || verb === "auth" ? verb : "write";
}
