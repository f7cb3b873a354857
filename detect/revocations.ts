import { DAY_MS } from "../schemas/duration.ts";
import type { DetectEvent } from "./detection.ts";

/** How long it is known that a key was revoked, ms. */
const KEPT_MS = 400 * DAY_MS;
/** Changes that are kept of a key, the newest. */
const MAX_CHANGES = 16;

/** Operations by which a log says that a key stops working; the provider names the key in `resources` as `key:<key_uid>`. */
const REVOKING = new Set([
  ...["DeleteAccessKey", "UpdateAccessKey", "DeleteServiceSpecificCredential", "UpdateServiceSpecificCredential"],
  ...["google.iam.admin.v1.DeleteServiceAccountKey", "google.iam.admin.v1.DisableServiceAccountKey"],
  ...["api_key.deleted", "admin_api_key.deleted", "system.api_token.revoke", "system.api_token.delete"],
  ...["api_key_deleted", "admin_api_key_deleted", "api_key_revoked", "service_key_revoked"],
  ...["personal_access_token.access_revoked", "personal_access_token.destroy", "oauth_access.destroy"],
  ...["api-key.deleted", "key.deleted", "signing-key.deleted", "token_revoke", "token_delete", "api_token.delete"],
]);

/** And by which it works again, as `key_enabled:<key_uid>`. */
const ENABLING = new Set([
  ...["UpdateAccessKey", "UpdateServiceSpecificCredential", "google.iam.admin.v1.EnableServiceAccountKey"],
]);

/** KeyChange is what a call did to keys: from `time` (ms) on they work, or do not. */
export interface KeyChange {
  keys: string[];
  time: number;
  enabled: boolean;
}

/** keyChange gives what a successful call did; null where it revoked and enabled no key (providers list only updates that deactivate). */
export function keyChange({ outcome, resources, operation, time }: DetectEvent): KeyChange | null {
  if (outcome !== "success" || resources.length === 0) return null;
  const named = (prefix: string): string[] =>
    resources.filter((r) => r.startsWith(prefix)).map((r) => r.slice(prefix.length));
  const enabled = ENABLING.has(operation) ? named("key_enabled:") : [];
  if (enabled.length > 0) return { keys: enabled, time, enabled: true };
  return REVOKING.has(operation) ? { keys: named("key:"), time, enabled: false } : null;
}

/** providerOf reads the provider off a key_uid. */
export const providerOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf(":")));

/** Change of one key: when, and whether it worked from then on. */
type Change = [time: number, enabled: boolean];

/** Revocations remembers when keys were revoked and made active again, whatever the order in which that was told. */
export interface Revocations {
  note(change: KeyChange): void;
  /** Since when the key had been revoked at a time, ms; null where it was not. */
  at(key: string, time: number): number | null;
  /** Forgets what changed last more than 400 days before `now`; true where there was such a key. */
  forgetBefore(now: number): boolean;
  clear(): void;
  state(): StoredRevocation[];
  load(stored: readonly StoredRevocation[]): void;
}

/** A number stands for one revocation at that time. */
type StoredRevocation = [key: string, changes: number | Change[]];

export function createRevocations(): Revocations {
  const byKey = new Map<string, Change[]>();
  return {
    note({ keys, time, enabled }) {
      for (const key of keys) {
        const changes = byKey.get(key) ?? [];
        byKey.set(key, changes);
        if (changes.some(([t, e]) => t === time && e === enabled)) continue;
        changes.push([time, enabled]);
        changes.sort(([a, x], [b, y]) => a - b || Number(x) - Number(y));
        if (changes.length > MAX_CHANGES) changes.shift();
      }
    },
    at(key, time) {
      let since: number | null = null;
      for (const [changed, enabled] of byKey.get(key) ?? []) {
        if (changed >= time) break;
        since = enabled ? null : (since ?? changed);
      }
      return since;
    },
    forgetBefore(now) {
      const before = byKey.size;
      for (const [key, changes] of byKey) if (changes.at(-1)![0] < now - KEPT_MS) byKey.delete(key);
      return byKey.size < before;
    },
    clear: () => byKey.clear(),
    state: () => [...byKey].map(([key, c]) => [key, c.length === 1 && !c[0]![1] ? c[0]![0] : c]),
    load(stored) {
      for (const [key, changes] of stored) byKey.set(key, typeof changes === "number" ? [[changes, false]] : changes);
    },
  };
}
