import { dayOf } from "../schemas/duration.ts";
import type { Signal } from "../schemas/signal.ts";
import {
  foldNetworks,
  foldWindow,
  type Health,
  healthSignal,
  noteHealth,
  type ProviderClock,
  takeClosing,
} from "./clock.ts";
import type { Judge } from "./judge.ts";
import { drop } from "./light_maps.ts";
import type { Profile } from "./profile.ts";
import type { ProfileBook } from "./profile_book.ts";
import { isAligned, WINDOW_MS } from "./windows.ts";

export interface CloserParts {
  judge: Judge;
  profiles: Pick<ProfileBook, "get" | "unpacked">;
  sealBefore(clock: ProviderClock, day: number): void;
  signal(signal: Signal): void;
  /** Names this engine among several. */
  name: string;
}

/** createCloser judges the windows of a provider that are complete when its time moves on, and those that are open at its end. */
export function createCloser({ judge, profiles, sealBefore, signal, name }: CloserParts) {
  /** Aligned windows first: their end is the moment at which the straddling one before them may speak. */
  function closeOf(profile: Profile, at: number, clock: ProviderClock, health: Health): void {
    const aligned = profile.callWindows.get(at - WINDOW_MS);
    const straddling = profile.callWindows.get(at - WINDOW_MS * 1.5);
    if (aligned) {
      noteHealth(health, profile, aligned);
      judge.window(profile, aligned, clock);
      foldWindow(profile, aligned);
    }
    if (straddling) {
      judge.straddling(profile, straddling, clock);
      profile.callWindows = drop(profile.callWindows, straddling.start);
    }
    // An aligned window is asked by the straddling one that begins in its middle, and goes after that.
    profile.callWindows = drop(profile.callWindows, at - 2 * WINDOW_MS);
    if (!profile.callWindows.has(at - WINDOW_MS / 2)) profile.callWindows = drop(profile.callWindows, at - WINDOW_MS);
    if (profile.networkWindows.size > 0) foldNetworks(profile, at);
  }

  /** closeWindows judges those that are complete at a time, ms. */
  function closeWindows(provider: string, clock: ProviderClock, until: number): void {
    while (clock.nextClose <= until) {
      const at = clock.nextClose;
      const health: Health = { active: 0, failing: [] };
      sealBefore(clock, dayOf(at));
      for (const subject of takeClosing(clock)) {
        const profile = profiles.get(subject);
        if (profile !== null) closeOf(profile, at, clock, health);
      }
      if (health.active > 0) signal(healthSignal(provider, name, at - WINDOW_MS, health));
    }
  }

  /** judgeOpen judges those of an input that has ended; they stay open. */
  function judgeOpen(clock: ProviderClock): void {
    for (const subject of clock.open) {
      // What is packed has no window.
      const profile = profiles.unpacked(subject);
      if (profile === null) continue;
      const windows = [...profile.callWindows.values()].sort((a, b) => a.start - b.start);
      for (const window of windows.filter(isAligned)) judge.window(profile, window, clock);
      for (const window of windows.filter((w) => !isAligned(w))) judge.straddling(profile, window, clock);
    }
  }

  return { closeWindows, judgeOpen };
}
