import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { lastPublic } from "../enrich/address.ts";
import { field, isFault, member, text, texts, timeOf } from "../fields.ts";
import { isObject } from "../json.ts";
import { outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { azureLog, azureText } from "./azure_common.ts";
import { keptOfSecrets, tornOfSecrets } from "./kubernetes_secrets.ts";
import { parsedOnce, unwrapMessage } from "./unwrap.ts";

/**
 * Kubernetes API server audit (audit.k8s.io/v1), from file or webhook, of EKS through CloudWatch and of AKS through Azure Monitor.
 * Each stage of a request is a record: ResponseComplete counts, and ResponseStarted of a long one, which may never complete.
 */
export default defineProvider({
  id: "kubernetes_audit",
  title: "Kubernetes audit, EKS, AKS",
  latenessMs: 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: true },
  claims: (record) => eventOf(record) !== null,
  normalize: (record) => normalize(eventOf(record) ?? record),
  kept: (record) => keptOfSecrets(eventOf(record) ?? record),
  torn: tornOfSecrets,
});

function eventOf(record: JsonObject): JsonObject | null {
  if (isEvent(record)) return record;
  const inner =
    unwrapMessage(record, "audit.k8s.io/") ??
    (azureLog(record) === "kube" ? parsedOnce(azureText(record), "verb") : null);
  return inner !== null && isEvent(inner) ? inner : null;
}

/** An event of the audit log has a verb and what it was done to; the events of `kubectl get events` have neither. */
const isEvent = (record: JsonObject): boolean =>
  record.kind === undefined
    ? isListed(record)
    : record.kind === "Event" &&
      (typeof record.apiVersion === "string"
        ? record.apiVersion.startsWith("audit.k8s.io/")
        : typeof record.verb === "string" && (isObject(record.objectRef) || typeof record.requestURI === "string"));

/** The list that the API server sends to a webhook says the kind once, for all of its items. */
const isListed = (record: JsonObject): boolean =>
  typeof record.auditID === "string" && typeof record.stage === "string" && typeof record.verb === "string";

function normalize(record: JsonObject): Outcome<Draft> {
  const verb = text(record, "verb");
  if (verb === null) return deadLetter("no verb");
  const stage = text(record, "stage");
  if (stage === "RequestReceived") return drop("audit stage RequestReceived, the answer follows");
  const time = timeOf(record.requestReceivedTimestamp, record.stageTimestamp);
  if (isFault(time)) return time;
  const object = member(record, "objectRef");
  const user = member(record, "user");
  const acting = member(record, "impersonatedUser");
  const extra = member(user, "extra");
  const id = text(record, "auditID");
  const credential = credentialOf(extra);
  const name = text(user, "username");
  return ok(
    draft({
      // Both stages of a watch have one auditID; the second replaces the first in the store.
      event_uid: id,
      time,
      account: text(member(record, "annotations"), "cluster") ?? extraOf(extra, "accountId"),
      key_id: credential,
      key_type:
        credential === null
          ? "none"
          : /^ASIA/.test(credential) || credential.startsWith("JTI=")
            ? "temporary"
            : "long_lived",
      session_uid: extraOf(extra, "authentication.kubernetes.io/pod-uid") ?? extraOf(extra, "arn"),
      session_kind: extraOf(extra, "authentication.kubernetes.io/pod-uid") === null ? "none" : "container",
      principal_uid: extraOf(extra, "canonicalArn") ?? name,
      principal: acting === null ? name : `${text(acting, "username")} (by ${name})`,
      principal_type: kindOf(name, user),
      ...callOf(record, verb, object),
      // All but the last come from headers that the caller may write.
      source: lastPublic(texts(record.sourceIPs)),
      user_agent: text(record, "userAgent"),
      resources: named(resourceOf(object), acting === null ? null : text(acting, "username")),
    }),
  );
}

type Call = Pick<Draft, "operation" | "service" | "verb_class" | "outcome" | "error_code" | "status_code">;

function callOf(record: JsonObject, verb: string, object: JsonObject | null): Call {
  const what = [text(object, "resource"), text(object, "subresource")].filter((part) => part !== null).join("/");
  const status = member(record, "responseStatus");
  const code = Number(text(status, "code") ?? Number.NaN);
  const known = Number.isInteger(code) && code >= 100;
  const forbidden = text(member(record, "annotations"), "authorization.k8s.io/decision") === "forbid";
  return {
    operation: what === "" ? `${verb} ${(text(record, "requestURI") ?? "/").replace(/\?.*$/s, "")}` : `${verb} ${what}`,
    service: text(object, "apiGroup") ?? (object === null ? null : "core"),
    verb_class: verbOf(verb, text(object, "resource"), text(object, "subresource")),
    outcome: known ? outcomeOfStatus(code) : forbidden ? "denied" : "unknown",
    error_code: known && code >= 400 ? text(status, "reason") : null,
    status_code: known ? code : null,
  };
}

/** Values of `extra` are lists; EKS exports of some forwarders write `/` and `.` of the names as words. */
function extraOf(extra: JsonObject | null, name: string): string | null {
  const value = field(extra, name) ?? field(extra, name.replaceAll(".", "_").replace("/", "_slash_"));
  return texts(value)[0] ?? null;
}

/** The API server names the credential since 1.32; before, EKS tells the AWS key and nobody else anything. */
const credentialOf = (extra: JsonObject | null): string | null =>
  extraOf(extra, "authentication.kubernetes.io/credential-id") ?? extraOf(extra, "accessKeyId");

function kindOf(name: string | null, user: JsonObject | null): Draft["principal_type"] {
  if (name === null) return "unknown";
  if (name === "system:anonymous") return "unknown";
  if (name.startsWith("system:") || name.startsWith("eks:") || name.startsWith("aks-")) return "service";
  return texts(field(user, "groups")).includes("system:serviceaccounts")
    ? "service"
    : name.includes("@")
      ? "human"
      : "unknown";
}

const READ_VERBS = new Set(["get", "list", "watch", "head", "options"]);
const ADMIN_RESOURCES =
  /^(secrets|serviceaccounts|roles|rolebindings|clusterroles|clusterrolebindings|certificatesigningrequests|mutatingwebhookconfigurations|validatingwebhookconfigurations|validatingadmissionpolic|podsecuritypolicies|tokenreviews|apiservices|customresourcedefinitions)/;

/** A token request makes a credential, so it is administration; reading a Secret stays a read, graded by its sensitivity. */
function verbOf(verb: string, resource: string | null, subresource: string | null): VerbClass {
  const read = READ_VERBS.has(verb.toLowerCase());
  if (/tokenreviews|selfsubject|subjectaccessreviews/.test(resource ?? "")) return "read";
  // A shell or a tunnel into a pod is opened with GET.
  if (subresource === "exec" || subresource === "attach" || subresource === "portforward" || subresource === "proxy")
    return "write";
  if (read) return "read";
  if (verb === "impersonate" || verb === "escalate" || verb === "bind" || verb === "approve") return "admin";
  return ADMIN_RESOURCES.test(resource ?? "") || subresource === "token" || subresource === "approval"
    ? "admin"
    : "write";
}

function resourceOf(object: JsonObject | null): string | null {
  if (!isObject(object ?? undefined)) return null;
  const path = [text(object, "namespace"), text(object, "resource"), text(object, "name")].filter(
    (part) => part !== null,
  );
  return path.length === 0 ? null : path.join("/");
}
