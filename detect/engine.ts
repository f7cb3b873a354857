import { byEventTime, isInOrder } from "../schemas/activity.ts";
import { DAY_MS, dayOf } from "../schemas/duration.ts";
import type { Finding } from "../schemas/finding.ts";
import type { Severity } from "../schemas/severity.ts";
import type { Signal } from "../schemas/signal.ts";
import {
  closeLater,
  foldNetworks,
  foldWindow,
  type Health,
  healthSignal,
  newClock,
  noteHealth,
  type ProviderClock,
  takeClosing,
} from "./clock.ts";
import { type Baseline, type DetectEvent, detectPart, type Policy } from "./detection.ts";
import type { FindingState } from "./finding_state.ts";
import { createFleet } from "./fleet/fleet.ts";
import type { InventoryIndex } from "./inventory_index.ts";
import { createJudge } from "./judge.ts";
import { createLineage } from "./lineage.ts";
import { createPeerBook, shareDay } from "./peers.ts";
import { type Profile, profileFrom, profileText } from "./profile.ts";
import { isRevocation, revokedKeys } from "./revocations.ts";
import { sealDay } from "./seal.ts";
import { createVerdictBook, type VerdictInput } from "./verdicts.ts";
import { isAligned, WINDOW_MS } from "./windows.ts";

export interface EngineOptions {
  detections: readonly (Policy | Baseline)[];
  inventory: InventoryIndex;
  /** Expected lateness of a provider's records, ms. */
  latenessOf(provider: string): number;
  learning: { min_age: number; min_events: number; min_active_days: number; quarantine_days: number };
  /** Per detection: switched off, another severity, another weight. */
  overrides: Record<string, { enabled: boolean; severity?: Severity | undefined; weight?: number | undefined }>;
  /** Networks of the organisation: never new. */
  isOwn(address: string): boolean;
  /** Takes the signals for detections that look at many keys; left out, this engine sees all keys and judges them itself. */
  onSignals?(signals: readonly Signal[]): void;
  /** Names this engine among several, in signals. */
  name?: string;
  /** Told of a detection that threw; the event's other detections and all other events go on. Without it the error is thrown. */
  onFault?(detection: string, eventUid: string, error: unknown): void;
}

/** Engine turns events into findings. It does no I/O; its state goes to the store as text, subject by subject. */
export interface Engine {
  /**
   * Judges events and gives the findings that began or grew. `sorted` input is complete and in event-time order: nothing waits for lateness.
   * Event times after `now` (ms) do not move the watermark: a clock that runs ahead must not make everybody else late.
   */
  process(events: readonly DetectEvent[], options: { sorted: boolean; now: number }): Finding[];
  /** Moves time on where no event did: closes windows, seals days. */
  advance(provider: string, watermark: number): Finding[];
  /** Judges what is still open, for an input that has ended; days stay open. Without a provider, of all of them. */
  finish(provider?: string): Finding[];
  /** Subjects of the batch whose profile is not in memory. */
  missing(events: readonly DetectEvent[]): string[];
  load(rows: { subject_uid: string; state: string }[]): void;
  /** Declared predecessors of the keys of these events. */
  predecessors(events: readonly DetectEvent[]): string[];
  /** Profiles that changed since the last call, as rows to be stored. */
  takeDirty(): { subject_uid: string; state: string }[];
  profile(subject: string): Profile | null;
  /** Takes over that keys were revoked (ms), as another log told. */
  revoke(keys: readonly string[], time: number): void;
  /** Replaces what people said of incidents; each verdict holds from the day after it. */
  setVerdicts(verdicts: readonly VerdictInput[]): void;
  /** Replaces the declarations; what was judged stays judged. */
  setInventory(inventory: InventoryIndex): void;
  watermark(provider: string): number;
  /** Profiles in memory. */
  tracked(): number;
  /** Providers that were seen, over restarts. */
  providers(): string[];
  /** Forgets everything that was learned or found since the engine was made; declarations stay. */
  reset(): void;
  /** Forgets everything about these subjects, as if they had never been. */
  forget(subjects: ReadonlySet<string>): void;
  /** Events that wait for the day before them to be sealed. */
  deferred(): number;
  /** After a load: providers whose events from this time on (ms) waited, and have to be handed back by `defer`. */
  owed(): { provider: string; from: number }[];
  defer(events: readonly DetectEvent[]): void;
}

/** Row of the engine's own state beside the subjects. */
export const ENGINE_SUBJECT = "~engine";

export function createEngine(options: EngineOptions): Engine {
  let inventory = options.inventory;
  const profiles = new Map<string, Profile>();
  const clocks = new Map<string, ProviderClock>();
  const lineage = createLineage(profiles);
  const peers = createPeerBook();
  const revoked = new Map<string, number>();
  const verdicts = createVerdictBook();
  let changed = new Map<string, FindingState>();
  let engineDirty = false;
  let signals = new Map<string, Signal>();
  const fleet = options.onSignals ? null : createFleet(options.overrides);
  const owed: { provider: string; from: number }[] = [];
  const judge = createJudge({
    options,
    inventory: () => inventory,
    peers,
    revoked,
    verdicts,
    changed: (state) => changed.set(state.finding.uid, state),
    signal: (signal) => signals.set(`${signal.kind} ${signal.subject_uid} ${signal.value} ${signal.event_uid}`, signal),
  });

  const clockOf = (provider: string): ProviderClock => {
    let clock = clocks.get(provider);
    if (!clock) {
      clock = newClock();
      clocks.set(provider, clock);
    }
    return clock;
  };

  const profileOf = (event: DetectEvent): Profile => {
    let profile = profiles.get(event.subject_uid);
    if (!profile) {
      profile = lineage.begin(event, inventory.empty ? null : inventory.lookup(event));
      profiles.set(event.subject_uid, profile);
      lineage.note(profile);
    }
    return profile;
  };

  function closeWindows(provider: string, clock: ProviderClock, until: number): void {
    while (clock.nextClose <= until) {
      const at = clock.nextClose;
      const health: Health = { active: 0, failing: [] };
      sealBefore(clock, dayOf(at));
      for (const profile of takeClosing(clock)) closeOf(profile, at, clock, health);
      if (health.active > 0)
        signals.set(`window ${provider} ${at}`, healthSignal(provider, options.name ?? "", at - WINDOW_MS, health));
    }
  }

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
      profile.callWindows.delete(straddling.start);
    }
    // An aligned window is asked by the straddling one that begins in its middle, and goes after that.
    profile.callWindows.delete(at - 2 * WINDOW_MS);
    if (!profile.callWindows.has(at - WINDOW_MS / 2)) profile.callWindows.delete(at - WINDOW_MS);
    foldNetworks(profile, at);
  }

  function sealBefore(clock: ProviderClock, day: number): void {
    if (day <= clock.sealedTo) return;
    clock.sealedTo = day;
    for (const profile of clock.open) {
      const due = [...profile.days.values()].filter((d) => d.day < day).sort((a, b) => a.day - b.day);
      for (const open of due) {
        foldNetworks(profile, (open.day + 1) * DAY_MS);
        shareDay(peers, profile, open);
        engineDirty = true;
        sealDay(profile, open);
        profile.dirty = true;
      }
      if (profile.days.size === 0) clock.open.delete(profile);
    }
  }

  function moveWatermark(provider: string, clock: ProviderClock, to: number): void {
    if (to <= clock.watermark) return;
    const from = clock.watermark;
    clock.watermark = to;
    if (clock.nextClose <= to) closeWindows(provider, clock, to);
    if (dayOf(from) !== dayOf(to)) {
      sealBefore(clock, dayOf(to));
      releaseDeferred(clock);
    }
  }

  function releaseDeferred(clock: ProviderClock): void {
    if (clock.deferred.length === 0) return;
    const ready = clock.deferred.filter((e) => dayOf(e.time) <= dayOf(clock.watermark));
    clock.deferred = clock.deferred.filter((e) => dayOf(e.time) > dayOf(clock.watermark));
    ready.sort(byEventTime);
    for (const event of ready) judge.event(event, profileOf(event), clock, false);
  }

  function take(): Finding[] {
    const out = [...changed.values()].map((s) => ({ ...s.finding }));
    changed = new Map();
    if (signals.size === 0) return out;
    const told = [...signals.values()];
    signals = new Map();
    engineDirty = true;
    if (fleet) out.push(...fleet.take(told));
    else options.onSignals!(told);
    return out;
  }

  function revoke(keys: readonly string[], time: number): void {
    for (const key of keys) revoked.set(key, Math.min(revoked.get(key) ?? time, time));
    engineDirty = true;
  }

  function processOne(event: DetectEvent, sorted: boolean, now: number): void {
    const clock = clockOf(event.provider);
    const lateness = sorted ? 0 : options.latenessOf(event.provider);
    const late = event.time < clock.watermark;
    moveWatermark(event.provider, clock, Math.min(event.time, now) - lateness);
    const profile = profileOf(event);
    const policy = inventory.empty ? null : inventory.lookup(event);
    profile.account = event.account;
    profile.owner = policy?.owner ?? null;
    if (isRevocation(event)) revoke(revokedKeys(event), event.time);
    judge.policies(event, policy, profile, clock, late);
    if (dayOf(event.time) > dayOf(clock.watermark)) clock.deferred.push(detectPart(event));
    else judge.event(event, profile, clock, late);
  }

  return {
    process(events, { sorted, now }) {
      const ordered = sorted || isInOrder(events) ? events : [...events].sort(byEventTime);
      for (let i = 0; i < ordered.length; i++) processOne(ordered[i]!, sorted, now);
      if (events.length > 0) engineDirty = true;
      return take();
    },
    advance(provider, watermark) {
      moveWatermark(provider, clockOf(provider), watermark);
      return take();
    },
    finish(only) {
      for (const [provider, clock] of clocks) {
        if (only !== undefined && only !== provider) continue;
        const waiting = clock.deferred;
        clock.deferred = [];
        if (waiting.length > 0) sealBefore(clock, Math.min(...waiting.map((e) => dayOf(e.time))));
        waiting.sort(byEventTime);
        for (const event of waiting) judge.event(event, profileOf(event), clock, false);
        for (const profile of clock.open) {
          const windows = [...profile.callWindows.values()].sort((a, b) => a.start - b.start);
          for (const window of windows.filter(isAligned)) judge.window(profile, window, clock);
          for (const window of windows.filter((w) => !isAligned(w))) judge.straddling(profile, window, clock);
        }
      }
      return take();
    },
    missing: (events) => [...new Set(events.filter((e) => !profiles.has(e.subject_uid)).map((e) => e.subject_uid))],
    load(rows) {
      for (const row of rows) {
        if (row.subject_uid === ENGINE_SUBJECT) loadEngine(row.state);
        else adopt(profileFrom(row.state));
      }
    },
    predecessors: (events) => events.flatMap((e) => (inventory.empty ? null : inventory.lookup(e)?.replaces) ?? []),
    takeDirty() {
      const rows: { subject_uid: string; state: string }[] = [];
      for (const profile of profiles.values()) {
        if (!profile.dirty) continue;
        profile.dirty = false;
        rows.push({ subject_uid: profile.subject_uid, state: profileText(profile) });
      }
      if (engineDirty) rows.push({ subject_uid: ENGINE_SUBJECT, state: engineText() });
      engineDirty = false;
      return rows;
    },
    revoke,
    setVerdicts: verdicts.set,
    profile: (subject) => profiles.get(subject) ?? null,
    setInventory(next) {
      inventory = next;
      judge.forget();
    },
    reset() {
      profiles.clear();
      clocks.clear();
      revoked.clear();
      peers.load("[]");
      fleet?.reset();
      signals = new Map();
      judge.forget();
      changed = new Map();
      engineDirty = false;
    },
    forget(subjects) {
      for (const clock of clocks.values()) {
        clock.deferred = clock.deferred.filter((e) => !subjects.has(e.subject_uid));
        for (const set of [clock.open, ...clock.closing.values()])
          for (const profile of set) if (subjects.has(profile.subject_uid)) set.delete(profile);
      }
      for (const [uid, state] of changed) if (subjects.has(state.finding.subject_uid)) changed.delete(uid);
      for (const subject of subjects) profiles.delete(subject);
      peers.forget(subjects);
      lineage.forget(subjects);
      fleet?.forget(subjects);
      judge.forget();
      engineDirty = true;
    },
    providers: () => [...clocks.keys()],
    watermark: (provider) => clockOf(provider).watermark,
    tracked: () => profiles.size,
    owed: () => owed.splice(0),
    defer(events) {
      for (const event of events) clockOf(event.provider).deferred.push(detectPart(event));
    },
    deferred: () => [...clocks.values()].reduce((n, c) => n + c.deferred.length, 0),
  };

  function adopt(profile: Profile): void {
    profiles.set(profile.subject_uid, profile);
    lineage.note(profile);
    const clock = clockOf(profile.provider);
    if (profile.days.size > 0) clock.open.add(profile);
    for (const window of profile.callWindows.values()) closeLater(clock, profile, window);
  }

  function engineText(): string {
    // Events that wait are in the store; only that there are some is kept here.
    const marks = [...clocks].map(([provider, c]) => [provider, c.watermark, c.sealedTo, c.deferred.length]);
    return JSON.stringify({ marks, revoked: [...revoked], peers: peers.text(), fleet: fleet?.text() });
  }

  function loadEngine(text: string): void {
    const state = JSON.parse(text) as {
      marks: [string, number, number, number][];
      revoked: [string, number][];
      peers: string;
      fleet?: string;
    };
    for (const [provider, mark, sealedTo, waiting] of state.marks) {
      const clock = clockOf(provider);
      clock.watermark = mark;
      clock.sealedTo = sealedTo;
      if (waiting > 0) owed.push({ provider, from: (dayOf(mark) + 1) * DAY_MS });
    }
    for (const [key, time] of state.revoked) revoked.set(key, time);
    peers.load(state.peers);
    if (state.fleet) fleet?.load(state.fleet);
  }
}
