import type { KeyType, VerbClass } from "../../schemas/activity.ts";
import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { field, isFault, member, text, texts, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { outcomeOfMessage } from "../outcome_of.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { notKept, veiled } from "./veil.ts";

/**
 * HashiCorp Vault and OpenBao audit devices. Each call is a request and a response with one id; the response knows how it ended, so it
 * is the one that counts. With `log_raw` the log holds the secrets themselves: nothing that is no HMAC is kept of the data.
 */
export default defineProvider({
  id: "vault_audit",
  title: "HashiCorp Vault audit",
  latenessMs: 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: false },
  claims: (record) =>
    (record.type === "response" || record.type === "request") &&
    isObject(record.request) &&
    typeof record.request.operation === "string" &&
    ("path" in record.request || "mount_type" in record.request),
  normalize,
  kept,
  torn,
});

function normalize(record: JsonObject): Outcome<Draft> {
  if (record.type === "request") return drop("Vault request, its response follows");
  const request = member(record, "request");
  const verb = text(request, "operation");
  const path = text(request, "path");
  if (request === null || verb === null) return deadLetter("no request.operation");
  const time = timeOf(record.time);
  if (isFault(time)) return time;
  const auth = member(record, "auth") ?? member(member(record, "response"), "auth");
  const name = text(auth, "display_name");
  const key =
    text(auth, "accessor") ??
    text(request, "client_token_accessor") ??
    hashed(text(auth, "client_token") ?? text(request, "client_token"));
  const error = text(record, "error");
  const namespace = member(request, "namespace");
  const mount = mountOf(request, path);
  return ok(
    draft({
      event_uid: text(request, "id"),
      time,
      account: text(namespace, "path") ?? text(namespace, "id"),
      key_id: key,
      key_type: key === null ? "none" : keyTypeOf(auth),
      principal_uid: text(auth, "entity_id") ?? name ?? text(request, "client_id"),
      principal: name,
      principal_type: kindOf(name, text(request, "mount_type"), path),
      operation: `${verb} ${mount}`,
      service: text(request, "mount_type") ?? mount.replace(/\/$/, ""),
      verb_class: verbOf(verb, path ?? ""),
      outcome: error === null ? "success" : outcomeOfError(error),
      error_code:
        error === null
          ? null
          : error
              .replace(/^\d+ errors? occurred:\s*\*/, "")
              .replace(/\s+/g, " ")
              .trim()
              .slice(0, 120),
      source: text(request, "remote_address"),
      user_agent: texts(field(member(request, "headers"), "user-agent"))[0] ?? null,
      resources: named(path),
    }),
  );
}

const HMAC = "hmac-sha256:";
const hashed = (token: string | null): string | null => (token?.startsWith(HMAC) ? token : null);

/** A root or periodic-free token without end stands until revoked; batch tokens and all with a time to live do not. */
function keyTypeOf(auth: JsonObject | null): KeyType {
  if (text(auth, "token_type") === "batch") return "temporary";
  return Number(text(auth, "token_ttl") ?? 0) > 0 ? "temporary" : "long_lived";
}

/** The mount is the operation's place; older records do not name it, there it is the first part of the path, of auth and sys two. */
function mountOf(request: JsonObject, path: string | null): string {
  const point = text(request, "mount_point");
  if (point !== null) return point;
  const parts = (path ?? "").split("/");
  return parts[0] === "auth" || parts[0] === "sys" ? parts.slice(0, 2).join("/") : `${parts[0] ?? ""}/`;
}

const PEOPLE = /^(ldap|userpass|oidc|okta|github|radius|saml|kerberos)-/;
const MACHINES = /^(approle|kubernetes|aws|gcp|azure|cert|jwt|cf|oci|alicloud|tls)-|^approle$/;

function kindOf(name: string | null, mount: string | null, path: string | null): Draft["principal_type"] {
  if (name === null) return "unknown";
  if (PEOPLE.test(name)) return "human";
  return MACHINES.test(name) || (mount === "approle" && (path?.endsWith("/login") ?? false)) ? "service" : "unknown";
}

/** Vault's own operation is the flag. Logins are authentication; changes of sys, auth and identity are administration. */
function verbOf(verb: string, path: string): VerbClass {
  if (/^auth\/.+\/(login|oidc\/|callback)|^auth\/token\/(renew|lookup)-?self?/.test(path)) return "auth";
  if (verb === "read" || verb === "list" || verb === "help" || verb === "header") return "read";
  if (/^sys\/(wrapping|tools|internal|capabilities)/.test(path)) return "read";
  if (/^(sys|auth|identity)\//.test(path) || /\/(config|roles?|keys)(\/|$)/.test(path)) return "admin";
  return /^transit\/(encrypt|decrypt|sign|verify|hmac|datakey|random)/.test(path) ? "read" : "write";
}

function outcomeOfError(error: string): Draft["outcome"] {
  if (/permission denied/i.test(error)) return "denied";
  if (
    /(invalid|bad|missing|expired) (client )?(token|credential|role|secret)|invalid username|invalid secret id/i.test(
      error,
    )
  )
    return "unauthenticated";
  if (/rate limit|quota exceeded/i.test(error)) return "throttled";
  if (/no (value|handler|secret)|unsupported path/i.test(error)) return "not_found";
  return outcomeOfMessage(error);
}

/** Parts that hold what the caller sent and got; in them no text, no number and no name of a field is kept, hashed or not. */
const SECRET_PARTS = ["data", "secret", "wrap_info"];

/**
 * kept takes the words out of what was sent and answered, and the HMACs out of credential fields, where they would look like secrets in
 * the log. A token that stands there in the clear stays for the redactor: it removes it and reports it.
 */
function kept(record: JsonObject): JsonObject {
  const copy: JsonObject = { ...record };
  if (isObject(copy.auth)) copy.auth = withoutHashes(copy.auth);
  for (const side of ["request", "response"]) {
    const part = copy[side];
    if (!isObject(part)) continue;
    const clean = withoutHashes(part);
    if (isObject(clean.auth)) clean.auth = withoutHashes(clean.auth);
    for (const name of SECRET_PARTS) if (name in clean) clean[name] = veiled(clean[name] ?? null, hashedOrNot, true);
    copy[side] = clean;
  }
  return copy;
}

const HASHED = "[hashed]";
const hashedOrNot = (value: string | number): string =>
  typeof value === "string" && value.startsWith(HMAC) ? HASHED : notKept(value);

function withoutHashes(part: JsonObject): JsonObject {
  const token = part.client_token;
  return typeof token === "string" && token.startsWith(HMAC) ? { ...part, client_token: HASHED } : { ...part };
}

/** Members may stand in a text inside of a text, so their quotes may be escaped. */
const MARK = /mount_type\\{0,8}"|client_token|hmac-sha256:/;
const HEAD =
  /\{\s{0,8}\\{0,8}"(?:time\\{0,8}"\s{0,8}:|type\\{0,8}"\s{0,8}:\s{0,8}\\{0,8}"re(?:quest|sponse)\b|(?:auth|request)\\{0,8}"\s{0,8}:\s{0,8}\{)/;
const PART = /\\{0,8}"(?:data|secret|wrap_info)\\{0,8}"\s{0,8}:/;

/** torn keeps a record from its head to its first part that may hold secrets; of a piece without the head nobody knows what it is. */
function torn(text: string): string {
  if (!MARK.test(text)) return text;
  const head = text.search(HEAD);
  if (head < 0) return notKept(text);
  const rest = text.slice(head);
  const part = rest.search(PART);
  return part < 0 ? rest : `${rest.slice(0, part)}${notKept(rest)}`;
}
