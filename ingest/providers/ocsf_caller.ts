import { isObject, numberOf, objectOf, textOf } from "../json.ts";
import type { Draft, JsonObject } from "../provider.ts";
import { parseTime } from "../time.ts";
import { identityOf } from "./aws_identity.ts";

type Caller = Pick<
  Draft,
  "key_id" | "key_type" | "session_uid" | "session_kind" | "principal_uid" | "principal" | "principal_type"
>;

/**
 * callerOf reads who called from an OCSF record. An AWS identity goes the way of CloudTrail, so that a role seen directly and
 * through Security Lake is one principal. The key stood in `user.credential_uid` before 1.3, then in the session, now in `api.token`.
 */
export function callerOf(
  record: JsonObject,
  api: JsonObject | null,
  account: string | null,
  unmapped: JsonObject | null,
  userAgent: string | null,
): Caller {
  const actor = objectOf(record.actor);
  const session = objectOf(actor?.session) ?? objectOf(record.session);
  // Authentication (3002) names the one who signs in as `user`; everywhere else the actor acts.
  const own = objectOf(record.user);
  const user = numberOf(record.class_uid) === 3002 ? (own ?? objectOf(actor?.user)) : objectOf(actor?.user);
  const token = objectOf(api?.token);
  const keyId =
    textOf(token?.uid) ??
    textOf(session?.credential_uid) ??
    textOf(user?.credential_uid) ??
    credentialOf(user) ??
    (user === own ? null : textOf(own?.credential_uid));
  if (isAws(user, session, record)) return awsCaller(user, session, actor, keyId, account, unmapped, userAgent, record);
  const invokedBy = textOf(actor?.invoked_by) ?? textOf(actor?.app_name) ?? textOf(actor?.app_uid);
  const uid = textOf(user?.uid) ?? textOf(user?.uid_alt) ?? textOf(user?.email_addr) ?? textOf(user?.name);
  return {
    key_id: keyId,
    key_type: keyId === null ? "none" : isTemporary(token, session) ? "temporary" : "long_lived",
    session_uid: textOf(session?.uid),
    session_kind: "none",
    principal_uid: uid ?? invokedBy ?? `${account ?? "unknown"}:unknown`,
    principal: textOf(user?.name) ?? textOf(user?.email_addr) ?? textOf(user?.uid) ?? invokedBy,
    principal_type: kindOf(user, session, uid, invokedBy),
  };
}

function credentialOf(user: JsonObject | null): string | null {
  const listed = user?.programmatic_credentials;
  const first = Array.isArray(listed) ? listed[0] : undefined;
  return isObject(first) ? textOf(first.uid) : null;
}

function isAws(user: JsonObject | null, session: JsonObject | null, record: JsonObject): boolean {
  if (textOf(user?.uid)?.startsWith("arn:aws") || textOf(session?.issuer)?.startsWith("arn:aws")) return true;
  return textOf(objectOf(record.cloud)?.provider)?.toUpperCase() === "AWS";
}

function awsCaller(
  user: JsonObject | null,
  session: JsonObject | null,
  actor: JsonObject | null,
  keyId: string | null,
  account: string | null,
  unmapped: JsonObject | null,
  userAgent: string | null,
  record: JsonObject,
): Caller {
  const issuer = textOf(session?.issuer);
  const created = parseTime(session?.created_time ?? session?.created_time_dt);
  const userIdentity: JsonObject = {
    type: textOf(user?.type),
    arn: textOf(user?.uid),
    principalId: textOf(user?.uid_alt),
    accessKeyId: keyId,
    userName: textOf(user?.name),
    invokedBy: textOf(actor?.invoked_by),
  };
  if (session !== null) {
    userIdentity.sessionContext = {
      sessionIssuer: issuer === null ? {} : { arn: issuer, userName: issuer.slice(issuer.lastIndexOf("/") + 1) },
      attributes: {
        creationDate: created === null ? null : new Date(created).toISOString().replace(".000Z", "Z"),
        mfaAuthenticated: session.is_mfa === true,
      },
      ...(unmapped?.["userIdentity.sessionContext.ec2RoleDelivery"] === undefined ? {} : { ec2RoleDelivery: "1.0" }),
    };
  }
  return identityOf(userIdentity, account, record, userAgent);
}

/** A client token (type_id 6) and a session that runs out are temporary; an API token (7) stands until revoked. */
function isTemporary(token: JsonObject | null, session: JsonObject | null): boolean {
  if (token !== null) return numberOf(token.type_id) === 6;
  return session?.expiration_time !== undefined;
}

function kindOf(
  user: JsonObject | null,
  session: JsonObject | null,
  uid: string | null,
  invokedBy: string | null,
): Draft["principal_type"] {
  const type = numberOf(user?.type_id);
  if (type === 3 || type === 4 || (uid === null && invokedBy !== null)) return "service";
  return type === 1 || type === 2 || session?.is_mfa === true ? "human" : "unknown";
}
