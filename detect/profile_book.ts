import type { DetectEvent } from "./detection.ts";
import { type Profile, profileText } from "./profile.ts";

/** ProfileBook holds the profiles at hand: the hot ones. Cold ones live in the store and are loaded when an event of theirs comes. */
export interface ProfileBook extends Iterable<Profile> {
  /** The subject's profile, a new one where none is at hand. */
  of(event: DetectEvent): Profile;
  get(subject: string): Profile | null;
  add(profile: Profile): void;
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
export function createProfileBook(begin: (event: DetectEvent) => Profile): ProfileBook {
  const profiles = new Map<string, Profile>();
  const isCold = (p: Profile): boolean =>
    !p.dirty && p.days.size === 0 && p.callWindows.size === 0 && p.networkWindows.size === 0;

  return {
    [Symbol.iterator]: () => profiles.values(),
    of(event) {
      let profile = profiles.get(event.subject_uid);
      if (!profile) {
        profile = begin(event);
        profiles.set(event.subject_uid, profile);
      }
      return profile;
    },
    get: (subject) => profiles.get(subject) ?? null,
    add: (profile) => void profiles.set(profile.subject_uid, profile),
    missing(events) {
      const subjects = new Set<string>();
      for (const event of events) if (!profiles.has(event.subject_uid)) subjects.add(event.subject_uid);
      return [...subjects];
    },
    takeDirty() {
      const rows: { subject_uid: string; state: string }[] = [];
      for (const profile of profiles.values()) {
        if (!profile.dirty) continue;
        profile.dirty = false;
        rows.push({
          subject_uid: profile.subject_uid,
          get state() {
            return profileText(profile);
          },
        });
      }
      return rows;
    },
    dropCold(keep) {
      const over = profiles.size - keep;
      if (over <= 0) return [];
      const cold = [...profiles.values()].filter(isCold).sort((a, b) => a.sealed.lastTime - b.sealed.lastTime);
      const dropped = cold.slice(0, over).map((p) => p.subject_uid);
      for (const subject of dropped) profiles.delete(subject);
      return dropped;
    },
    forget(subjects) {
      for (const subject of subjects) profiles.delete(subject);
    },
    clear: () => profiles.clear(),
    size: () => profiles.size,
  };
}
