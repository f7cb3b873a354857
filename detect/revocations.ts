import type { DetectEvent } from "./detection.ts";

/** Operations by which a log says that a key stops working; the provider names the key in `resources` as `key:<key_uid>`. */
const REVOKING = new Set([
  ...["DeleteAccessKey", "UpdateAccessKey", "DeleteServiceSpecificCredential"],
  ...["google.iam.admin.v1.DeleteServiceAccountKey", "google.iam.admin.v1.DisableServiceAccountKey"],
  ...["api_key.deleted", "admin_api_key.deleted", "system.api_token.revoke", "system.api_token.delete"],
  ...["api_key_deleted", "admin_api_key_deleted", "api_key_revoked", "service_key_revoked"],
  ...["personal_access_token.access_revoked", "personal_access_token.destroy", "oauth_access.destroy"],
  ...["api-key.deleted", "key.deleted", "signing-key.deleted", "token_revoke", "token_delete", "api_token.delete"],
]);

/** isRevocation tells a successful deletion or deactivation of a key (providers list only deactivating updates). */
export const isRevocation = (event: DetectEvent): boolean =>
  event.outcome === "success" && event.resources.length > 0 && REVOKING.has(event.operation);

/** revokedKeys gives the key_uids that the event revoked. */
export const revokedKeys = (event: DetectEvent): string[] =>
  event.resources.filter((r) => r.startsWith("key:")).map((r) => r.slice(4));
