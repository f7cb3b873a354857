import type { VerbClass } from "../../schemas/activity.ts";
import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { anyField as field, isFault, anyMember as member, anyText as text, timeOf } from "../fields.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { remembering } from "../recent.ts";
import { verbOfName } from "../verbs.ts";
import {
  azureCaller,
  azureLog,
  categoryOf,
  operationNameOf,
  resourceOf,
  resultOf,
  subscriptionOf,
} from "./azure_common.ts";

/** Azure Key Vault and Managed HSM, diagnostic category AuditEvent: every call to the vault, with the caller's token claims. */
export default defineProvider({
  id: "azure_keyvault",
  title: "Azure Key Vault",
  latenessMs: 10 * 60_000,
  tells: { source: true, userAgent: true, perCall: true, outcome: true, key: false, session: false },
  claims: (record) => azureLog(record) === "keyvault",
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  if (categoryOf(record).startsWith("azurepolicy")) return drop("policy evaluation, no call");
  const operation = operationNameOf(record);
  if (operation === null) return deadLetter("no operationName");
  const time = timeOf(field(record, "time"), field(record, "TimeGenerated"));
  if (isFault(time)) return time;
  const properties = member(record, "properties");
  return ok(
    draft({
      time,
      account: subscriptionOf(record),
      ...azureCaller(record),
      operation,
      service: "keyvault",
      verb_class: verbOf(operation),
      ...resultOf(record),
      source: text(record, "callerIpAddress") ?? text(member(record, "httpRequest"), "clientIpAddress"),
      user_agent: text(properties, "clientInfo"),
      region: text(record, "location"),
      resources: named(idOf(properties), resourceOf(record)),
    }),
  );
}

/** The id of a secret stands as its address; the version behind the name would make every rotation a new thing. */
function idOf(properties: JsonObject | null): string | null {
  const id = text(properties, "id") ?? text(properties, "requestUri");
  if (id === null) return null;
  const query = id.indexOf("?");
  return (query < 0 ? id : id.slice(0, query)).replace(/(\/(?:secrets|keys|certificates)\/[^/]+)\/.*$/, "$1");
}

/** Vault operations that change who may do what, or what secrets, keys and certificates are; reading one stays a read. */
const ADMIN =
  /^(Vault(Put|Delete|Patch|AccessPolicy|Recover|Purge|Update)|(Secret|Key|Certificate)(Set|Create|Import|Update|Delete|Purge|Recover|Restore|Rotate)|StorageAccount|Managed|RoleAssignment|RoleDefinition)/i;
/** The verb stands behind the thing: KeyDecrypt, SecretGet, CertificateListVersions. */
const READ =
  /^(Key|Secret|Certificate|Vault|Storage\w*?|Managed\w*?|Role\w*?)(Get|List|Encrypt|Decrypt|Sign|Verify|Wrap|Unwrap|Backup|Export|Release)/i;

const verbOf = remembering((operation: string): VerbClass => {
  if (operation === "Authentication") return "auth";
  if (READ.test(operation)) return "read";
  return ADMIN.test(operation) ? "admin" : verbOfName(operation.replace(/^(Key|Secret|Certificate|Vault)/, ""));
});
