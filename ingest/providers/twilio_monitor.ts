import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { isFault, text, timeOf } from "../fields.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { verbOfName } from "../verbs.ts";

/** Twilio Monitor events: changes of the configuration. Calls and messages are not in it; they come from `egress_log`. */
export default defineProvider({
  id: "twilio_monitor",
  title: "Twilio Monitor events",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: false, perCall: false, outcome: false, key: true, session: false },
  claims: (record) =>
    typeof record.event_type === "string" &&
    typeof record.account_sid === "string" &&
    ("actor_sid" in record || "actor_type" in record) &&
    ("event_date" in record || "resource_sid" in record),
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  const operation = text(record, "event_type");
  if (operation === null) return deadLetter("no event_type");
  const time = timeOf(record.event_date);
  if (isFault(time)) return time;
  const actor = text(record, "actor_sid");
  const kind = text(record, "actor_type");
  const key = keyOf(actor, kind);
  return ok(
    draft({
      event_uid: text(record, "sid"),
      time,
      account: text(record, "account_sid"),
      key_id: key,
      key_type: key === null ? "none" : "long_lived",
      principal_uid: actor ?? kind,
      principal: kind === null ? actor : actor === null ? kind : `${kind} ${actor.slice(0, 2)}…${actor.slice(-4)}`,
      principal_type: kind === "user" || kind === "twilio-admin" ? "human" : kind === null ? "unknown" : "service",
      operation,
      service: text(record, "resource_type") ?? operation.split(".")[0] ?? null,
      verb_class: verbOf(operation),
      outcome: "success",
      source: text(record, "source_ip_address"),
      resources: named(text(record, "resource_sid")),
      key_resources: /^(api-?key|key|signing-?key)\.(created|deleted)$/.test(operation)
        ? named(text(record, "resource_sid"))
        : [],
    }),
  );
}

/** An API key is `SK…`. The account's own token has no id and acts as the account, `AC…`, which is no secret and stays readable. */
function keyOf(actor: string | null, kind: string | null): string | null {
  if (actor === null || kind === "user") return null;
  if (actor.startsWith("SK")) return actor;
  return actor.startsWith("AC") ? `auth_token:${actor}` : null;
}

const ADMIN =
  /^(account|api-?key|key|signing-?key|auth-?token|user|role|sso|subaccount|connect-app|authorized-connect-app|credential|public-key|ip-access-control|sip|secondary-auth|billing|organization|verify-service|messaging-geopermissions|voice-dialing)/;

function verbOf(operation: string): VerbClass {
  if (/log(ged)?[-_.]?(in|out)|two-factor/.test(operation)) return "auth";
  const verb = verbOfName(operation);
  if (verb === "read") return "read";
  return ADMIN.test(operation) ? "admin" : "write";
}
