import type { DetectEvent } from "./detection.ts";
import type { EngineOptions } from "./engine_options.ts";
import { mayPack, PackedProfile } from "./packed_profile.ts";
import { type Profile, profileText } from "./profile.ts";

/** Profiles that stay unpacked though they are quiet: 70 MB of them. With fewer keys nothing is ever packed. */
export const MAX_UNPACKED = 10_000;
/** Where more than those are busy, it is looked again after such a share of them more. */
const LOOK_AGAIN = 0.25;

/**
 * ProfileBook holds the profiles at hand, those of quiet keys packed once there are many. Cold ones live in the store and are loaded when an
 * event of theirs comes. A profile is asked for anew whenever it is needed: the object that one call gave is not the profile any more
 * after `packQuiet`.
 */
export interface ProfileBook {
  /** The subject's profile, a new one where none is at hand. */
  of(event: DetectEvent): Profile;
  get(subject: string): Profile | null;
  /** The subject's profile if it is not packed. */
  unpacked(subject: string): Profile | null;
  /** Has the subject's profile changed; one that was packed is packed again. */
  change(subject: string, how: (profile: Profile) => void): void;
  add(profile: Profile): void;
  /** Packs what is quiet, where as many as `maxUnpacked` are not packed. */
  packQuiet(): void;
  /** Subjects of the batch whose profile is not at hand. */
  missing(events: readonly DetectEvent[]): string[];
  /** Profiles that changed since the last call, as rows to be stored. Each text is made when it is read: all of them at once weigh as much as the profiles. */
  takeDirty(): { subject_uid: string; state: string }[];
  /** Drops stored profiles that have nothing open, the longest silent first, until `keep` are left or no such is; gives their subjects. */
  dropCold(keep: number): string[];
  forget(subjects: ReadonlySet<string>): void;
  clear(): void;
  size(): number;
}

/** createProfileBook asks `begin` for the profile of a subject that is not at hand. */
export function createProfileBook(
  begin: (event: DetectEvent) => Profile,
  { maxUnpacked = MAX_UNPACKED, onManyKeys }: Pick<EngineOptions, "maxUnpacked" | "onManyKeys"> = {},
): ProfileBook {
  const profiles = new Map<string, Profile | PackedProfile>();
  let unpacked = 0;
  let packAbove = maxUnpacked;
  let hasPacked = false;
  const isCold = (p: Profile | PackedProfile): boolean => !p.dirty && !hasOpen(p);

  function get(subject: string): Profile | null {
    const held = profiles.get(subject);
    if (held === undefined) return null;
    if (!(held instanceof PackedProfile)) return held;
    const profile = held.unpack();
    profiles.set(subject, profile);
    unpacked++;
    return profile;
  }

  function unpackedOf(subject: string): Profile | null {
    const held = profiles.get(subject);
    return held === undefined || held instanceof PackedProfile ? null : held;
  }

  function add(profile: Profile): void {
    if (unpackedOf(profile.subject_uid) === null) unpacked++;
    profiles.set(profile.subject_uid, profile);
  }

  function remove(subject: string): void {
    if (unpackedOf(subject) !== null) unpacked--;
    profiles.delete(subject);
  }

  return {
    of(event) {
      let profile = get(event.subject_uid);
      if (profile === null) {
        profile = begin(event);
        add(profile);
      }
      return profile;
    },
    get,
    unpacked: unpackedOf,
    change(subject, how) {
      const held = profiles.get(subject);
      if (held === undefined) return;
      const profile = held instanceof PackedProfile ? held.unpack() : held;
      how(profile);
      if (held instanceof PackedProfile) profiles.set(subject, new PackedProfile(profile));
    },
    add,
    packQuiet() {
      if (unpacked < packAbove) return;
      if (!hasPacked) onManyKeys?.();
      hasPacked = true;
      for (const [subject, held] of profiles) {
        if (held instanceof PackedProfile || !mayPack(held)) continue;
        profiles.set(subject, new PackedProfile(held));
        unpacked--;
      }
      packAbove = Math.max(maxUnpacked, unpacked + maxUnpacked * LOOK_AGAIN);
    },
    missing(events) {
      const subjects = new Set<string>();
      for (const event of events) if (!profiles.has(event.subject_uid)) subjects.add(event.subject_uid);
      return [...subjects];
    },
    takeDirty() {
      const rows: { subject_uid: string; state: string }[] = [];
      for (const held of profiles.values()) {
        if (!held.dirty) continue;
        held.dirty = false;
        rows.push({
          subject_uid: held.subject_uid,
          get state() {
            return profileText(held instanceof PackedProfile ? held.unpack() : held);
          },
        });
      }
      return rows;
    },
    dropCold(keep) {
      const over = profiles.size - keep;
      if (over <= 0) return [];
      const cold = [...profiles.values()].filter(isCold).sort((a, b) => lastTimeOf(a) - lastTimeOf(b));
      const dropped = cold.slice(0, over).map((p) => p.subject_uid);
      for (const subject of dropped) remove(subject);
      return dropped;
    },
    forget(subjects) {
      for (const subject of subjects) remove(subject);
    },
    clear() {
      profiles.clear();
      unpacked = 0;
      packAbove = maxUnpacked;
    },
    size: () => profiles.size,
  };
}

const hasOpen = (p: Profile | PackedProfile): boolean =>
  p instanceof PackedProfile ? p.open : p.days.size > 0 || p.callWindows.size > 0 || p.networkWindows.size > 0;

const lastTimeOf = (p: Profile | PackedProfile): number =>
  p instanceof PackedProfile ? p.lastTime : p.sealed.lastTime;
