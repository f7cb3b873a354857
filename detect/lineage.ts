import { DAY_MS } from "../schemas/duration.ts";
import type { DetectEvent } from "./detection.ts";
import type { KeyPolicy } from "./inventory_index.ts";
import { noMap } from "./light_maps.ts";
import { emptyProfile, FORGET_DAYS, type Profile, profileFrom, profileText, valueDimensions } from "./profile.ts";

/** A predecessor that rested longer than this is no predecessor. */
const ROTATION_MS = 30 * DAY_MS;
/** Days after which what the successor did not use itself is forgotten. */
const FADE_DAYS = 14;
const MIN_ACTIVE_DAYS = 3;

/** How far back a predecessor is looked for in the store: its last day may lie a rotation before. */
export const LINEAGE_MS = 2 * ROTATION_MS;

/** mayInherit tells keys that replace others: long-lived ones, whose habits are their own. */
export const mayInherit = (event: Pick<DetectEvent, "key_type" | "key_uid" | "subject_uid">): boolean =>
  event.key_type === "long_lived" && event.key_uid === event.subject_uid;

/** Lineage finds the key that a new one replaced: the declared one, else the one that its principal used last. */
export interface Lineage {
  /** Notes who holds a key, once per profile. */
  note(profile: Profile): void;
  /** A profile for a key that was never seen: its predecessor's habits, or an empty one. */
  begin(event: DetectEvent, policy: KeyPolicy | null): Profile;
  forget(subjects: ReadonlySet<string>): void;
}

export function createLineage(profiles: { get(subject: string): Profile | null }): Lineage {
  const held = new Map<string, string[]>();

  function predecessor(event: DetectEvent, policy: KeyPolicy | null): Profile | null {
    const declared = policy?.replaces == null ? null : profiles.get(policy.replaces);
    if (declared) return declared;
    let newest: Profile | null = null;
    for (const subject of held.get(event.principal_uid) ?? []) {
      const other = profiles.get(subject);
      // Sealed days only: what is still open depends on the order of arrival.
      if (!other || other.sealed.activeDays < MIN_ACTIVE_DAYS || event.time - other.sealed.lastTime > ROTATION_MS)
        continue;
      const later = newest === null ? 1 : other.sealed.lastTime - newest.sealed.lastTime;
      if (later > 0 || (later === 0 && other.subject_uid < newest!.subject_uid)) newest = other;
    }
    return newest;
  }

  return {
    note(profile) {
      if (profile.holder === null) return;
      const subjects = held.get(profile.holder);
      if (subjects === undefined) held.set(profile.holder, [profile.subject_uid]);
      else if (!subjects.includes(profile.subject_uid)) subjects.push(profile.subject_uid);
    },
    begin(event, policy) {
      const fresh = emptyProfile(event.subject_uid, event.provider);
      if (!mayInherit(event)) return fresh;
      fresh.holder = event.principal_uid;
      const old = predecessor(event, policy);
      return old === null ? fresh : inherit(old, fresh);
    },
    forget(subjects) {
      for (const [holder, known] of held) {
        const kept = known.filter((subject) => !subjects.has(subject));
        if (kept.length > 0) held.set(holder, kept);
        else held.delete(holder);
      }
    },
  };
}

/** inherit copies what was learned of the predecessor. Its values are dated back, so that they fade in FADE_DAYS unless they are used. */
function inherit(old: Profile, fresh: Profile): Profile {
  const { sealed, pending } = profileFrom(
    profileText({ ...old, days: noMap, callWindows: noMap, networkWindows: noMap }),
  );
  for (const dimension of valueDimensions) {
    const back = FORGET_DAYS[dimension] - FADE_DAYS;
    for (const stat of sealed.values[dimension].values.values()) stat.last = Math.min(stat.last, sealed.through - back);
  }
  return { ...fresh, sealed, pending, firstSeen: old.firstSeen };
}
