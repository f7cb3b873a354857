import { DAY_MS } from "../schemas/duration.ts";
import { foldNetworks, type ProviderClock } from "./clock.ts";
import { type PeerBook, shareDay } from "./peers.ts";
import type { Profile } from "./profile.ts";
import type { ProfileBook } from "./profile_book.ts";
import { sealDay } from "./seal.ts";

export interface SealerParts {
  profiles: Pick<ProfileBook, "change">;
  peers: PeerBook;
  /** Time between two moments (ms) in which the source of a key was silent, ms. */
  unheard(profile: Profile, from: number, to: number): number;
  /** Called when what peers share changed. */
  learned(): void;
}

/** createSealer seals the open days of a provider before a day, key by key in the order in which their days began. */
export function createSealer({ profiles, peers, unheard, learned }: SealerParts) {
  function sealDue(profile: Profile, before: number): void {
    const due = [...profile.days.values()].filter((d) => d.day < before).sort((a, b) => a.day - b.day);
    for (const open of due) {
      foldNetworks(profile, (open.day + 1) * DAY_MS);
      shareDay(peers, profile, open);
      learned();
      sealDay(profile, open, (from, to) => unheard(profile, from, to));
      profile.dirty = true;
    }
  }

  return function sealBefore(clock: ProviderClock, day: number): void {
    if (day <= clock.sealedTo) return;
    clock.sealedTo = day;
    for (const subject of clock.open)
      profiles.change(subject, (profile) => {
        sealDue(profile, day);
        if (profile.days.size === 0) clock.open.delete(subject);
      });
  };
}
