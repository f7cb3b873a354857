import type { KeyPolicy } from "../../detect/inventory_index.ts";
import { DAY_MS, formatDuration } from "../../schemas/duration.ts";
import type { Posture } from "../../schemas/http_api.ts";
import type { InventoryKey } from "../../schemas/inventory.ts";
import type { SubjectRow } from "../../schemas/queries/keys.ts";
import { proposeAccess } from "../keys/access.ts";

const UNUSED_MS = 30 * DAY_MS;
const RANK = { read: 0, write: 1, admin: 2 };
type Declared = Pick<InventoryKey, "owner" | "access" | "rotation" | "revoked_at" | "expires_at" | "honeytoken">;

/** postureOf says what the owner of a key should put right, by what is declared and what was seen. */
export function postureOf(seen: SubjectRow | null, policy: KeyPolicy | InventoryKey | null, now: number): Posture[] {
  const found: Posture[] = [];
  const say = (id: Posture["id"], words: string) => void found.push({ id, words });
  if (policy === null) say("unlisted", "It does not stand in the inventory, so nobody declared what it may do.");
  else declaredPosture(seen, policy, now, say);
  if (seen !== null && now - seen.last_ms > UNUSED_MS)
    say("dormant", `It was last used ${formatDuration(now - seen.last_ms)} ago. Revoke it, if nobody needs it.`);
  return found;
}

function declaredPosture(
  seen: SubjectRow | null,
  { owner, access, rotation, revoked_at, expires_at, honeytoken }: Declared,
  now: number,
  say: (id: Posture["id"], words: string) => void,
): void {
  if (owner === null) say("no_owner", "The inventory names no owner, so nobody is told.");
  if (seen === null && !honeytoken) say("unused", "It was never seen in use. Revoke it, if nobody needs it.");
  const made = rotation?.created_at ?? null;
  if (rotation?.max_age && made !== null && now - made > rotation.max_age)
    say(
      "rotation_due",
      `It is ${formatDuration(now - made)} old and was to be rotated after ${formatDuration(rotation.max_age)}.`,
    );
  if (seen === null) return;
  if (revoked_at !== null && seen.last_ms > revoked_at) say("revoked_used", "It was used after it was revoked.");
  if (expires_at !== null && seen.last_ms > expires_at) say("expired_used", "It was used after it expired.");
  const used = proposeAccess(seen).value;
  if (access === null || used === null) return;
  if (RANK[used] > RANK[access]) say("beyond_access", `It is declared "${access}" and is used to ${used}.`);
  if (RANK[used] < RANK[access])
    say("over_privileged", `It is declared "${access}" and only used to ${used}: give it less.`);
}
