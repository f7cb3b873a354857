import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, items, member, text, texts, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { type Draft, defineProvider, type Json, type JsonObject } from "../provider.ts";
import { verbOfName } from "../verbs.ts";

/**
 * Google Workspace Reports API, activities of every application. One activity holds several events: each is a call. Exporters that
 * explode them keep `type`, `name` and `parameters` at the top.
 */
export default defineProvider({
  id: "google_workspace",
  title: "Google Workspace audit",
  latenessMs: 3 * 60 * 60_000,
  tells: { source: true, userAgent: false, perCall: true, outcome: true, key: true, session: false },
  claims: (record) =>
    isObject(record.id) &&
    typeof record.id.applicationName === "string" &&
    (Array.isArray(record.events) || typeof record.type === "string" || record.kind === "admin#reports#activity"),
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft[]> {
  const id = member(record, "id");
  const time = timeOf(field(id, "time"));
  if (isFault(time)) return time;
  const events = Array.isArray(record.events) ? items(record.events) : [record];
  const drafts = events.flatMap((event) => eventOf(record, id, event, time));
  return drafts.length === 0 ? deadLetter("no event with a name or a type") : ok(drafts);
}

function eventOf(record: JsonObject, id: JsonObject | null, event: JsonObject, time: number | null): Draft[] {
  const type = text(event, "type");
  const operation = (text(event, "name") ?? type)?.trim() ?? null;
  if (operation === null) return [];
  const application = text(id, "applicationName");
  const actor = member(record, "actor");
  const parameters = pairsOf(field(event, "parameters"));
  // Some warnings name no actor: the account that they are about stands for it.
  const affected = parameters.get("affected_email_address")?.[0] ?? null;
  const email = text(actor, "email") ?? text(actor, "key") ?? text(actor, "profileId") ?? affected;
  // A token event tells the application that holds the grant.
  const client = application === "token" ? (parameters.get("client_id")?.[0] ?? null) : callerKey(actor);
  return [
    draft({
      // Rows of an exploded activity share its id; only their bytes differ.
      event_uid: event === record ? null : text(id, "uniqueQualifier"),
      time,
      account: text(id, "customerId"),
      key_id: client,
      key_type: client === null ? "none" : "long_lived",
      principal_uid: email,
      principal: email,
      principal_type:
        text(actor, "callerType") === "KEY" || email?.endsWith(".gserviceaccount.com")
          ? "service"
          : email === null
            ? "unknown"
            : "human",
      operation,
      service: application,
      verb_class: verbOf(application, type, operation),
      outcome:
        /fail|denied|blocked/i.test(operation) && !/^suspicious/i.test(operation) ? failed(operation) : "success",
      error_code: parameters.get("login_failure_type")?.[0] ?? null,
      source: text(record, "ipAddress"),
      resources: named(
        ...[
          "doc_id",
          "doc_title",
          "USER_EMAIL",
          "GROUP_EMAIL",
          "target_user",
          "SETTING_NAME",
          "app_name",
          "ROLE_NAME",
          "affected_email_address",
        ].map((name) => parameters.get(name)?.[0]),
      ),
      scopes: parameters.get("scope") ?? [],
    }),
  ];
}

/** A robot calls by a key, and the key is all that names it. */
const callerKey = (actor: JsonObject | null): string | null =>
  text(actor, "callerType") === "KEY" ? text(actor, "key") : null;

const failed = (operation: string): Draft["outcome"] =>
  /login|password|auth/i.test(operation) ? "unauthenticated" : /denied|blocked/i.test(operation) ? "denied" : "error";

/** pairsOf reads parameters as the list of the API (value, multiValue, intValue, boolValue) or as the object that exporters make. */
function pairsOf(value: Json | undefined): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (isObject(value)) {
    for (const name in value) found.set(name, texts(value[name]));
    return found;
  }
  for (const pair of items(value)) {
    const name = text(pair, "name");
    if (name !== null)
      found.set(name, texts(pair.multiValue ?? pair.value ?? text(pair, "intValue") ?? text(pair, "boolValue")));
  }
  return found;
}

const READ = /^(view|download|preview|print|access|search|export|list|request|get|read)/i;
const AUTH = /^(login|logout)|login_|_login|2sv_challenge|authorize$|suspicious|^risky/i;

function verbOf(application: string | null, type: string | null, operation: string): VerbClass {
  if (application === "admin" || application === "user_accounts")
    return /^(VIEW|DOWNLOAD|SEARCH|GET|LIST)/i.test(operation) ? "read" : "admin";
  if (application === "token") return /authorize|revoke/i.test(operation) ? "admin" : "read";
  if (application === "login" || application === "saml" || application === "logout" || AUTH.test(operation))
    return "auth";
  if (type === "acl_change") return "admin";
  if (application === "access_transparency" || READ.test(operation)) return "read";
  const verb = verbOfName(operation);
  return verb === "unknown" ? "write" : verb;
}
