import type { KeyType, SessionKind } from "../../schemas/activity.ts";
import { objectOf, textOf } from "../json.ts";
import type { Draft, JsonObject } from "../provider.ts";

/** Identity is what userIdentity says of the caller; its principal_uid is never null: where the record names nobody, the account and the kind of caller. */
export type Identity = Pick<
  Draft,
  "key_id" | "key_type" | "session_uid" | "session_kind" | "principal" | "principal_type"
> & { principal_uid: string };

/**
 * identityOf reads userIdentity (CloudTrail user guide, "userIdentity element") of every documented type.
 * The principal of temporary credentials is whoever issued them (the role, the federating user), so that all sessions of a role
 * share one uid; the session is the part that differs.
 */
export function identityOf(
  user: JsonObject | null,
  account: string | null,
  record: JsonObject,
  userAgent: string | null,
): Identity {
  if (user === null) return nobody(account, "unknown");
  const type = textOf(user.type);
  const arn = textOf(user.arn);
  const principalId = textOf(user.principalId);
  const context = objectOf(user.sessionContext);
  const issuer = context === null ? null : objectOf(context.sessionIssuer);
  const issuerArn = issuer === null ? null : textOf(issuer.arn);
  const role =
    type === "AssumedRole" ||
    (arn === null ? type !== "IAMUser" && (principalId?.startsWith("AROA") ?? false) : arn.includes(":assumed-role/"));
  const sessionName = role ? sessionNameOf(principalId, arn) : null;
  const keyId = keyIdOf(user);
  const keyType = keyTypeOf(keyId, context, role);
  const sessionKind = sessionKindOf(type, role, sessionName, user, context, issuer, userAgent);
  const name =
    issuer !== null && role ? (textOf(issuer.userName) ?? nameOfArn(arn)) : (textOf(user.userName) ?? nameOfArn(arn));
  const invokedBy = textOf(user.invokedBy);
  return {
    key_id: keyId,
    key_type: keyType,
    session_uid: sessionUidOf(role, keyType, principalId, arn, context),
    session_kind: sessionKind,
    principal_uid:
      issuerArn ??
      (role ? roleUid(arn, principalId) : (arn ?? principalId)) ??
      onBehalfOf(user) ??
      `${account ?? "unknown"}:${invokedBy ?? type ?? "unknown"}`,
    principal: principalOf(type, role, name, sessionName, arn, user) ?? invokedBy ?? principalId,
    principal_type: principalTypeOf(
      type,
      sessionKind,
      issuerArn ?? arn,
      record,
      context,
      invokedBy,
      arn === null && principalId === null,
    ),
  };
}

function nobody(account: string | null, kind: string): Identity {
  return {
    key_id: null,
    key_type: "none",
    session_uid: null,
    session_kind: "none",
    principal_uid: `${account ?? "unknown"}:${kind}`,
    principal: null,
    principal_type: "unknown",
  };
}

/** The credentialId names a bearer credential: a service-specific credential (`ACCA…`) or an Identity Center token. */
function keyIdOf(user: JsonObject): string | null {
  const id = textOf(user.accessKeyId) ?? textOf(user.credentialId);
  return id === "HIDDEN_DUE_TO_SECURITY_REASONS" ? null : id;
}

function keyTypeOf(keyId: string | null, context: JsonObject | null, role: boolean): KeyType {
  if (keyId === null) return "none";
  if (keyId.startsWith("AKIA") || keyId.startsWith("ACCA")) return "long_lived";
  if (keyId.startsWith("ASIA")) return "temporary";
  return role || context !== null ? "temporary" : "long_lived";
}

function sessionUidOf(
  role: boolean,
  keyType: KeyType,
  principalId: string | null,
  arn: string | null,
  context: JsonObject | null,
): string | null {
  if (role) return principalId?.includes(":") ? principalId : arn;
  if (keyType !== "temporary") return null;
  const created = textOf(objectOf(context?.attributes)?.creationDate);
  const who = principalId ?? arn;
  return who === null || created === null ? null : `${who}:${created}`;
}

function sessionNameOf(principalId: string | null, arn: string | null): string | null {
  const colon = principalId === null ? -1 : principalId.indexOf(":");
  if (colon > 0) return principalId!.slice(colon + 1);
  return arn?.includes(":assumed-role/") ? arn.slice(arn.lastIndexOf("/") + 1) : null;
}

/** roleUid rebuilds the role's ARN from the session's, so that the sessions of one role stay one principal; the path is lost. */
function roleUid(arn: string | null, principalId: string | null): string | null {
  const match = arn === null ? null : /^arn:([^:]+):sts::([^:]*):assumed-role\/([^/]+)/.exec(arn);
  if (match) return `arn:${match[1]}:iam::${match[2]}:role/${match[3]}`;
  return arn ?? principalId?.split(":")[0] ?? null;
}

/** nameOfArn gives the role of a session, else the last part of a user's or role's ARN. */
function nameOfArn(arn: string | null): string | null {
  if (arn === null) return null;
  const parts = arn.slice(arn.lastIndexOf(":") + 1, MAX_ARN).split("/");
  const name = parts[0] === "assumed-role" ? parts[1] : NAMED.has(parts[0]!) ? parts[parts.length - 1] : undefined;
  return name === undefined || name === "" ? null : name;
}

/** IAM's own limit for an ARN (API reference, arnType). */
const MAX_ARN = 2048;
const NAMED = new Set(["role", "user", "federated-user"]);

function onBehalfOf(user: JsonObject): string | null {
  const behalf = objectOf(user.onBehalfOf);
  const id = textOf(behalf?.userId);
  return id === null ? null : `${textOf(behalf?.identityStoreArn) ?? "identitystore"}/user/${id}`;
}

function principalOf(
  type: string | null,
  role: boolean,
  name: string | null,
  sessionName: string | null,
  arn: string | null,
  user: JsonObject,
): string | null {
  if (type === "Root" || (arn?.endsWith(":root") ?? false)) return "root";
  if (role && name !== null) return sessionName === null ? name : `${name}/${sessionName}`;
  return name ?? textOf(objectOf(user.onBehalfOf)?.userId);
}

const INSTANCE = /^i-[0-9a-f]{8,17}$/;
/** The name of an ECS task session is the task id; of EKS Pod Identity `eks-<cluster>-<pod>-<uuid>`. */
const CONTAINER = /^([0-9a-f]{32}|eks-.+-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

function sessionKindOf(
  type: string | null,
  role: boolean,
  sessionName: string | null,
  user: JsonObject,
  context: JsonObject | null,
  issuer: JsonObject | null,
  userAgent: string | null,
): SessionKind {
  if (role) {
    if (context?.ec2RoleDelivery !== undefined || (sessionName !== null && INSTANCE.test(sessionName)))
      return "instance";
    if (isFunction(sessionName, user, issuer, userAgent)) return "function";
    if (sessionName !== null && CONTAINER.test(sessionName)) return "container";
    const federation = textOf(objectOf(context?.webIdFederationData)?.federatedProvider);
    if (federation === null) return "assumed_role";
    // IAM roles for service accounts: the pod's own OIDC provider vouches.
    return federation.includes("oidc.eks.") ? "container" : "federated";
  }
  if (type === "FederatedUser" || type === "SAMLUser" || type === "WebIdentityUser") return "federated";
  return type === "Role" ? "assumed_role" : "none";
}

/** isFunction needs the record's word: inScopeOf, Lambda's own user agent, or the role that the Lambda console made for it. */
function isFunction(
  sessionName: string | null,
  user: JsonObject,
  issuer: JsonObject | null,
  userAgent: string | null,
): boolean {
  if (textOf(objectOf(user.inScopeOf)?.issuerType)?.startsWith("AWS::Lambda::")) return true;
  if (userAgent?.includes("exec-env/AWS_Lambda_")) return true;
  const arn = textOf(issuer?.arn);
  return sessionName !== null && (arn?.includes(`:role/service-role/${sessionName}-role-`) ?? false);
}

function principalTypeOf(
  type: string | null,
  kind: SessionKind,
  arn: string | null,
  record: JsonObject,
  context: JsonObject | null,
  invokedBy: string | null,
  nameless: boolean,
): Identity["principal_type"] {
  if (type === "AWSService" || kind === "instance" || kind === "function" || kind === "container") return "service";
  if (arn?.includes(":role/aws-service-role/") || (nameless && invokedBy !== null)) return "service";
  if (type === "Root" || type === "IdentityCenterUser" || type === "SAMLUser") return "human";
  if (record.eventType === "AwsConsoleSignIn" || record.sessionCredentialFromConsole === "true") return "human";
  if (arn?.includes("/aws-reserved/sso.amazonaws.com/")) return "human";
  const mfa = objectOf(context?.attributes)?.mfaAuthenticated;
  return mfa === "true" || mfa === true ? "human" : "unknown";
}
