import type { DetectEvent } from "./detection.ts";

/** Operations by which a log says that a key stops working; the provider names the key in `resources` as `key:<key_uid>`. */
const REVOKING = new Set(["DeleteAccessKey", "UpdateAccessKey"]);

/** isRevocation tells a successful deletion or deactivation of a key (providers list only deactivating updates). */
export const isRevocation = (event: DetectEvent): boolean =>
  event.outcome === "success" && event.resources.length > 0 && REVOKING.has(event.operation);

/** revokedKeys gives the key_uids that the event revoked. */
export const revokedKeys = (event: DetectEvent): string[] =>
  event.resources.filter((r) => r.startsWith("key:")).map((r) => r.slice(4));
