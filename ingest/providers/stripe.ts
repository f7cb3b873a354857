import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { isFault, member, text, timeOf } from "../fields.ts";
import { textOf } from "../json.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { verbOfName } from "../verbs.ts";

/**
 * Stripe events, as webhooks and the Events API give them: what changed, never by which key nor from where. Stripe exports no log of
 * requests; each key's calls come from your own proxy (`egress_log`).
 */
export default defineProvider({
  id: "stripe",
  title: "Stripe events",
  latenessMs: 5 * 60_000,
  tells: { source: false, userAgent: false, perCall: false, outcome: false, key: false, session: false },
  claims: (record) =>
    (record.object === "event" && typeof record.id === "string" && record.id.startsWith("evt_") && "data" in record) ||
    record.object === "v2.core.event",
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  const operation = text(record, "type");
  if (operation === null) return deadLetter("no type");
  const reason = member(member(record, "reason"), "request");
  const request = member(record, "request") ?? reason;
  // Before 2017-05-25 `request` was the id itself.
  const id = text(request, "id") ?? textOf(record.request);
  if (id === null) return drop("Stripe did it by itself, no call");
  const time = timeOf(record.created);
  if (isFault(time)) return time;
  const key = text(member(member(reason, "client"), "api_key"), "id");
  const account = text(record, "account") ?? text(record, "context");
  const thing = operation.replace(/^v\d+\.(core\.)?/, "");
  const mode = record.livemode === true ? "production" : record.livemode === false ? "test" : null;
  return ok(
    draft({
      event_uid: text(record, "id"),
      time,
      account,
      key_id: key,
      key_type: key === null ? "none" : "long_lived",
      principal_uid: account ?? (mode === null ? null : `stripe:${mode}`),
      principal: account,
      operation,
      service: thing.split(".")[0] ?? null,
      verb_class: verbOf(thing),
      // What did not succeed has no event, but for payments, and there it is the card that failed.
      outcome: "success",
      resources: named(
        text(member(member(record, "data"), "object"), "id"),
        text(member(record, "related_object"), "id"),
      ),
      environment: mode,
    }),
  );
}

const ADMIN =
  /^(account|capability|person|external_account|payout|transfer|topup|balance|issuing|treasury|webhook_endpoint|application_fee|financial_connections)\b/;

function verbOf(operation: string): VerbClass {
  if (ADMIN.test(operation)) return "admin";
  const verb = verbOfName(operation);
  return verb === "read" ? "read" : "write";
}
