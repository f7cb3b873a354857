import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { isFault, texts, timeOf } from "../fields.ts";
import { isObject, textOf } from "../json.ts";
import { outcomeOfErrorCode, outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type Json, type JsonObject } from "../provider.ts";
import { verbClassOf, verbOfMethod, verbOfName } from "../verbs.ts";
import { identityOf } from "./aws_identity.ts";
import { unwrap } from "./aws_wrappers.ts";

/** Elastic Common Schema documents, with nested or with dotted names, as Beats, Elastic Agent and Logstash write them. */
export default defineProvider({
  id: "ecs",
  title: "Elastic Common Schema",
  latenessMs: 15 * 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: true },
  claims: (record) => {
    if (!("@timestamp" in record) || typeof record.eventName === "string") return false;
    if (!("ecs" in record || "ecs.version" in record)) return false;
    return (isObject(record.event) || "event.action" in record || "event.kind" in record) && unwrap(record) === null;
  },
  normalize,
});

/** at reads a dotted name, whether the document nests it, dots it, or does both half way. */
function at(record: JsonObject, name: string): Json | undefined {
  let nested: Json | undefined = record;
  for (const part of partsOf(name)) {
    if (!isObject(nested) || !Object.hasOwn(nested, part))
      return Object.hasOwn(record, name) ? record[name] : halfDotted(record, name);
    nested = nested[part];
  }
  return nested;
}

const split = new Map<string, string[]>();

/** partsOf remembers the split names; they are those of this file. */
function partsOf(name: string): string[] {
  let parts = split.get(name);
  if (parts === undefined) {
    parts = name.split(".");
    split.set(name, parts);
  }
  return parts;
}

function halfDotted(record: JsonObject, name: string): Json | undefined {
  for (const { head, rest } of halvesOf(name)) {
    const inner = Object.hasOwn(record, head) ? record[head] : undefined;
    if (!isObject(inner)) continue;
    const found = Object.hasOwn(inner, rest) ? inner[rest] : halfDotted(inner, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Halves {
  head: string;
  rest: string;
}
const halved = new Map<string, Halves[]>();

/** halvesOf remembers the ways to part a name at one dot: a name that was just cut has to be hashed before it can be looked up. */
function halvesOf(name: string): Halves[] {
  let halves = halved.get(name);
  if (halves === undefined) {
    const parts = name.split(".");
    halves = parts
      .slice(1)
      .map((_, i) => ({ head: parts.slice(0, i + 1).join("."), rest: parts.slice(i + 1).join(".") }));
    halved.set(name, halves);
  }
  return halves;
}

const first = (value: Json | undefined): string | null => {
  const one = Array.isArray(value) ? value[0] : value;
  return typeof one === "number" ? String(one) : textOf(one);
};

function normalize(record: JsonObject): Outcome<Draft> {
  const kind = first(at(record, "event.kind"));
  if (kind === "metric" || kind === "state" || kind === "pipeline_error") return drop(`ECS ${kind}, no call`);
  const said = (name: string): string | null => first(at(record, name));
  if (isOtherHalf(record)) return drop("ECS record of a call that another one counts");
  const method = said("http.request.method");
  const path = said("url.path");
  const operation =
    said("event.action") ?? (method !== null && path !== null ? `${method.toUpperCase()} ${path}` : null);
  if (operation === null) return deadLetter("neither event.action nor method and path");
  const time = timeOf(record["@timestamp"], at(record, "event.created"));
  if (isFault(time)) return time;
  const account = said("cloud.account.id");
  const userAgent = said("user_agent.original");
  const provider = said("event.provider");
  const service = provider?.replace(/\.(amazonaws|googleapis)\.com$/, "") ?? said("service.name");
  const caller = callerOf(record, said, account, userAgent);
  return ok(
    draft({
      event_uid: said("event.id"),
      time,
      account,
      ...caller,
      operation,
      service,
      verb_class: verbOf(record, service, operation, method),
      ...resultOf(said),
      source: said("source.ip") ?? said("source.address") ?? said("client.ip") ?? said("client.address"),
      user_agent: userAgent,
      region: said("cloud.region"),
      resources: named(
        said("user.target.name"),
        said("orchestrator.resource.name"),
        said("file.path"),
        ...texts(at(record, "related.entity")),
      ),
      environment: said("service.environment"),
      bytes_out: bytesOf(said("http.response.bytes") ?? said("http.response.body.bytes")),
    }),
  );
}

/** Modules that keep the several records of one call, with the ones that do not count; as in the provider's own log. */
const HALVES: [module: string, name: string, words: RegExp][] = [
  ["hashicorp_vault", "hashicorp_vault.audit.type", /^request$/],
  ["kubernetes", "kubernetes.audit.stage", /^RequestReceived$/],
  ["azure", "azure.activitylogs.result_type", /^(start|accept)(ed)?$/i],
];

const isOtherHalf = (record: JsonObject): boolean =>
  HALVES.some(
    ([module, name, words]) => (module in record || name in record) && words.test(first(at(record, name)) ?? ""),
  );

type Said = (name: string) => string | null;
type Caller = Pick<
  Draft,
  "key_id" | "key_type" | "session_uid" | "session_kind" | "principal_uid" | "principal" | "principal_type"
>;

/** An AWS identity goes the way of CloudTrail, so that one role is one principal whichever way its log came. */
function callerOf(record: JsonObject, said: Said, account: string | null, userAgent: string | null): Caller {
  const aws = at(record, "aws.cloudtrail.user_identity");
  if (isObject(aws) || said("aws.cloudtrail.user_identity.arn") !== null) {
    const of = (name: string) => said(`aws.cloudtrail.user_identity.${name}`);
    const issuer = of("session_context.session_issuer.arn");
    return identityOf(
      {
        type: of("type"),
        arn: of("arn"),
        principalId: of("principal_id") ?? said("user.id"),
        accessKeyId: of("access_key_id"),
        userName: said("user.name"),
        invokedBy: of("invoked_by"),
        ...(issuer === null
          ? {}
          : {
              sessionContext: { sessionIssuer: { arn: issuer, userName: issuer.slice(issuer.lastIndexOf("/") + 1) } },
            }),
      },
      account,
      record,
      userAgent,
    );
  }
  const key =
    said("labels.api_key_id") ?? said("labels.access_key_id") ?? said("labels.key_id") ?? said("labels.token_id");
  const email = said("user.email") ?? said("client.user.email");
  const uid =
    email ??
    said("user.id") ??
    said("user.name") ??
    said("client.user.id") ??
    said("gcp.audit.authentication_info.principal_email");
  return {
    key_id: key,
    key_type: key === null ? "none" : "long_lived",
    session_uid: null,
    session_kind: "none",
    principal_uid: uid,
    principal: said("user.name") ?? uid,
    principal_type: email === null ? "unknown" : email.endsWith(".gserviceaccount.com") ? "service" : "human",
  };
}

/** event.type is Elastic's own flag; where it only says `info` or `access`, tables and names decide. */
function verbOf(
  record: JsonObject,
  service: string | null,
  operation: string,
  method: string | null,
): Draft["verb_class"] {
  const types = texts(at(record, "event.type"));
  const flag = textOf(at(record, "aws.cloudtrail.read_only")) ?? at(record, "aws.cloudtrail.read_only");
  if (at(record, "cloud.provider") === "aws")
    return verbClassOf(service, operation, flag === undefined ? null : flag === true || flag === "true");
  if (texts(at(record, "event.category")).includes("authentication")) return "auth";
  const changes = types.some((t) => t === "creation" || t === "change" || t === "deletion");
  if (changes)
    return types.some((t) => t === "admin" || t === "user" || t === "group") ||
      texts(at(record, "event.category")).includes("iam")
      ? "admin"
      : "write";
  const byName = method === null ? verbOfName(operation) : verbOfMethod(method);
  return byName === "unknown" && types.includes("access") ? "read" : byName;
}

function resultOf(said: Said): Pick<Draft, "outcome" | "error_code" | "status_code"> {
  const code = said("error.code") ?? said("aws.cloudtrail.error_code");
  const status = Number(said("http.response.status_code") ?? Number.NaN);
  const status_code = Number.isInteger(status) && status >= 100 ? status : null;
  const result = said("event.outcome");
  if (result === "success") return { outcome: "success", error_code: null, status_code };
  if (code !== null) return { outcome: outcomeOfErrorCode(code), error_code: code, status_code };
  if (status_code !== null) return { outcome: outcomeOfStatus(status_code), error_code: null, status_code };
  return { outcome: result === "failure" ? "error" : "unknown", error_code: null, status_code };
}

const bytesOf = (value: string | null): number | null =>
  value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;
