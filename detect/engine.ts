import { DAY_MS, dayOf } from "../schemas/duration.ts";
import type { Finding } from "../schemas/finding.ts";
import { atLeast, type Severity } from "../schemas/severity.ts";
import { localTime } from "../schemas/zone.ts";
import { type Baseline, type DetectEvent, detectPart, type Hit, type Policy } from "./detection.ts";
import { type FindingState, growFinding, type HitContext, startFinding } from "./finding_state.ts";
import type { InventoryIndex, KeyPolicy } from "./inventory_index.ts";
import { countNetwork, countWindows, observeEvent, openDay } from "./observe.ts";
import { createPeerBook } from "./peers.ts";
import { emptyProfile, type OpenDay, type Profile, profileFrom, profileText, valueDimensions } from "./profile.ts";
import { isRevocation, revokedKeys } from "./revocations.ts";
import { sealDay } from "./seal.ts";
import { noteSession } from "./sessions.ts";
import { addFailureWindow } from "./stats/failures.ts";
import { pendingKey, type View } from "./view.ts";
import { alignedStart, type CallWindow, isAligned, NETWORK_WINDOW_MS, WINDOW_MS } from "./windows.ts";

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
}

export interface ProcessOptions {
  /** True where the input is complete and in event-time order: nothing has to wait for lateness. */
  sorted: boolean;
  /** Event times after this do not move the watermark, ms: a clock that runs ahead must not make everybody else late. */
  now: number;
}

/** Engine turns events into findings. It does no I/O; its state goes to the store as text, subject by subject. */
export interface Engine {
  /** Judges events and gives the findings that began or grew. */
  process(events: readonly DetectEvent[], options: ProcessOptions): Finding[];
  /** Moves time on where no event did: closes windows, seals days. */
  advance(provider: string, watermark: number): Finding[];
  /** Judges what is still open, for an input that has ended; days stay open. */
  finish(): Finding[];
  /** Subjects of the batch whose profile is not in memory. */
  missing(events: readonly DetectEvent[]): string[];
  load(rows: { subject_uid: string; state: string }[]): void;
  /** Profiles that changed since the last call, as rows to be stored. */
  takeDirty(): { subject_uid: string; state: string }[];
  profile(subject: string): Profile | null;
  /** Replaces the declarations; what was judged stays judged. */
  setInventory(inventory: InventoryIndex): void;
  watermark(provider: string): number;
  /** Forgets everything that was learned or found since the engine was made; declarations stay. */
  reset(): void;
  /** Events that wait for the day before them to be sealed. */
  deferred(): number;
}

/** Row of the engine's own state beside the subjects. */
export const ENGINE_SUBJECT = "~engine";
const NO_TIME = -8.64e15;
const HOLD_DAYS_BELOW_MEDIUM = 3;
const PROPAGATION_MS = 10_000;
/** Calm verdicts remembered per day and detection. */
const MAX_CALM = 1024;

interface ProviderClock {
  watermark: number;
  /** Windows by the moment they close. */
  closing: Map<number, Set<Profile>>;
  nextClose: number;
  /** Days before this one are sealed. */
  sealedTo: number;
  open: Set<Profile>;
  deferred: DetectEvent[];
}

export function createEngine(options: EngineOptions): Engine {
  const enabled = options.detections.filter((d) => options.overrides[d.id]?.enabled !== false);
  const policies = enabled.filter((d): d is Policy => d.kind === "policy");
  const baselines = enabled.filter((d): d is Baseline => d.kind === "baseline");
  const judges = baselines.filter((b) => b.judge);
  const closers = baselines.filter((b) => b.close);
  const revocations = policies.filter((p) => p.undeclared);
  let inventory = options.inventory;
  const profiles = new Map<string, Profile>();
  const clocks = new Map<string, ProviderClock>();
  const peers = createPeerBook();
  const revoked = new Map<string, number>();
  /** Verdicts that are known to be calm, per open day. */
  let calm = new WeakMap<OpenDay, Set<string>[]>();
  let changed = new Map<string, FindingState>();
  let engineDirty = false;

  const clockOf = (provider: string): ProviderClock => {
    let clock = clocks.get(provider);
    if (!clock) {
      clock = {
        watermark: NO_TIME,
        closing: new Map(),
        nextClose: Number.MAX_SAFE_INTEGER,
        sealedTo: -1e9,
        open: new Set(),
        deferred: [],
      };
      clocks.set(provider, clock);
    }
    return clock;
  };

  const profileOf = (event: DetectEvent): Profile => {
    let profile = profiles.get(event.subject_uid);
    if (!profile) {
      profile = emptyProfile(event.subject_uid, event.provider);
      profiles.set(event.subject_uid, profile);
    }
    return profile;
  };

  /** One mutable view serves all judgements: nothing keeps it. */
  const view: View = {
    profile: null as never,
    sealed: null as never,
    day: null as never,
    window: null as never,
    networks: null,
    policy: null,
    learning: true,
    history: { days: 0, events: 0 },
    zone: "UTC",
    hour: 0,
    peers: {
      others: (account, dimension, value, subject) =>
        peers.others(account, dimension, value, subject, view.policy?.owner ?? null, view.day.day),
    },
    isOwn: options.isOwn,
  };

  function look(profile: Profile, day: OpenDay, policy: KeyPolicy | null): void {
    const { sealed } = profile;
    view.profile = profile;
    view.sealed = sealed;
    view.day = day;
    view.policy = policy;
    const age = sealed.firstDay < 0 ? 0 : day.day - sealed.firstDay;
    view.learning =
      age * DAY_MS < options.learning.min_age ||
      sealed.events < options.learning.min_events ||
      sealed.activeDays < options.learning.min_active_days;
    view.history = { days: age, events: sealed.events };
  }

  function report(
    hit: Hit,
    detection: Policy | Baseline,
    event: DetectEvent,
    policy: KeyPolicy | null,
    day: OpenDay,
    late: boolean,
  ): void {
    const bucket = hit.bucket ?? day.day * DAY_MS;
    const context: HitContext = {
      detection,
      event,
      policy,
      history: view.history,
      learning: detection.kind === "baseline" && view.learning,
      late,
      severityOverride: options.overrides[detection.id]?.severity,
      weightOverride: options.overrides[detection.id]?.weight,
    };
    const id = `${detection.id}\u001f${hit.dimension}\u001f${bucket}`;
    let state = day.findings.get(id);
    if (!state) {
      state = startFinding(hit, context, bucket);
      day.findings.set(id, state);
      changed.set(state.finding.uid, state);
    } else if (growFinding(state, hit, context)) {
      changed.set(state.finding.uid, state);
    }
    const need = atLeast(state.finding.severity, "medium") ? options.learning.quarantine_days : HOLD_DAYS_BELOW_MEDIUM;
    for (const habit of hit.holds ?? []) {
      const key = pendingKey(habit.dimension, habit.value);
      day.holds.set(key, Math.max(day.holds.get(key) ?? 0, need));
    }
  }

  function checkPolicies(event: DetectEvent, policy: KeyPolicy | null, profile: Profile, late: boolean): void {
    const revokedInLog = event.key_uid === null ? null : (revoked.get(event.key_uid) ?? null);
    for (const detection of policy === null ? revocations : policies) {
      const hit = detection.check(event, policy, {
        revokedInLog,
        propagationMs: PROPAGATION_MS,
        unlisted: policy === null && inventory.complete(event.provider, event.time),
      });
      if (hit === null) continue;
      const day = openDay(profile, dayOf(event.time));
      look(profile, day, policy);
      report(hit, detection, event, policy, day, late);
      clockOf(event.provider).open.add(profile);
    }
  }

  function judge(
    event: DetectEvent,
    policy: KeyPolicy | null,
    profile: Profile,
    clock: ProviderClock,
    late: boolean,
  ): void {
    const day = openDay(profile, dayOf(event.time));
    clock.open.add(profile);
    profile.dirty = true;
    look(profile, day, policy);
    view.zone = policy?.zone ?? "UTC";
    const local = localTime(view.zone, event.time);
    view.hour = local.day * 24 + local.hour;
    observeEvent(profile, day, event, view.hour);
    view.window = countWindows(profile, day, event, (w) => closeLater(clock, profile, w));
    view.networks = countNetwork(profile, event);
    noteSession(day, event);
    let quiet = calm.get(day);
    if (!quiet) {
      quiet = judges.map(() => new Set<string>());
      calm.set(day, quiet);
    }
    for (let i = 0; i < judges.length; i++) {
      const baseline = judges[i]!;
      if (view.learning && !baseline.whileLearning) continue;
      if (baseline.applies && !baseline.applies(event)) continue;
      const same = baseline.sameAs ? baseline.sameAs(event, view) : null;
      if (same !== null && quiet[i]!.has(same)) continue;
      const hit = baseline.judge!(event, view);
      if (hit !== null) report(hit, baseline, event, policy, day, late);
      else if (same !== null && quiet[i]!.size < MAX_CALM) quiet[i]!.add(same);
    }
  }

  function closeLater(clock: ProviderClock, profile: Profile, window: CallWindow): void {
    // A straddling window waits for the aligned one that it reaches into, and speaks only where neither did.
    const at = isAligned(window) ? window.start + WINDOW_MS : window.start + WINDOW_MS * 1.5;
    let set = clock.closing.get(at);
    if (!set) {
      set = new Set();
      clock.closing.set(at, set);
      clock.nextClose = Math.min(clock.nextClose, at);
    }
    set.add(profile);
  }

  function closeWindows(clock: ProviderClock, until: number): void {
    while (clock.nextClose <= until) {
      const at = clock.nextClose;
      sealBefore(clock, dayOf(at));
      for (const profile of clock.closing.get(at) ?? []) closeOf(profile, at);
      clock.closing.delete(at);
      clock.nextClose = Number.MAX_SAFE_INTEGER;
      for (const time of clock.closing.keys()) if (time < clock.nextClose) clock.nextClose = time;
    }
  }

  /** Aligned windows first: their end is the moment at which the straddling one before them may speak. */
  function closeOf(profile: Profile, at: number): void {
    const aligned = profile.callWindows.get(at - WINDOW_MS);
    const straddling = profile.callWindows.get(at - WINDOW_MS * 1.5);
    if (aligned) {
      judgeWindow(profile, aligned);
      foldWindow(profile, aligned);
    }
    if (straddling) {
      judgeStraddling(profile, straddling);
      profile.callWindows.delete(straddling.start);
    }
    // An aligned window is asked by the straddling one that begins in its middle, and goes after that.
    profile.callWindows.delete(at - 2 * WINDOW_MS);
    if (!profile.callWindows.has(at - WINDOW_MS / 2)) profile.callWindows.delete(at - WINDOW_MS);
    foldNetworks(profile, at);
  }

  function judgeStraddling(profile: Profile, window: CallWindow): void {
    const before = profile.callWindows.get(alignedStart(window.start));
    const after = profile.callWindows.get(alignedStart(window.start) + WINDOW_MS);
    window.fired = [...(before?.fired ?? []), ...(after?.fired ?? [])];
    judgeWindow(profile, window);
  }

  function judgeWindow(profile: Profile, window: CallWindow): void {
    if (window.denied === 0) return;
    const event = window.lead;
    if (event === null) return;
    const policy = inventory.empty ? null : inventory.lookup(event);
    const day = openDay(profile, dayOf(window.start));
    clockOf(profile.provider).open.add(profile);
    look(profile, day, policy);
    view.window = window;
    for (const baseline of closers) {
      if (view.learning && !baseline.whileLearning) continue;
      if (window.fired.includes(baseline.id)) continue;
      const hit = baseline.close!(view);
      if (hit === null) continue;
      window.fired.push(baseline.id);
      report(hit, baseline, event, policy, day, false);
    }
    profile.dirty = true;
  }

  /** foldWindow moves an aligned window's counts into its day. */
  function foldWindow(profile: Profile, window: CallWindow): void {
    if (window.judged === 0) return;
    const { calls } = openDay(profile, dayOf(window.start));
    Object.assign(calls, addFailureWindow(calls, window.judged, window.denied));
    calls.deniedSquares += window.denied * window.denied;
  }

  function foldNetworks(profile: Profile, until: number): void {
    for (const [start, window] of profile.networkWindows) {
      if (start + NETWORK_WINDOW_MS > until) continue;
      const { concurrency } = openDay(profile, dayOf(start));
      if (window.networks.size > 1) concurrency.several++;
      else concurrency.single++;
      profile.networkWindows.delete(start);
    }
  }

  function sealBefore(clock: ProviderClock, day: number): void {
    if (day <= clock.sealedTo) return;
    clock.sealedTo = day;
    for (const profile of clock.open) {
      const due = [...profile.days.values()].filter((d) => d.day < day).sort((a, b) => a.day - b.day);
      for (const open of due) {
        foldNetworks(profile, (open.day + 1) * DAY_MS);
        shareWithPeers(profile, open);
        sealDay(profile, open);
        profile.dirty = true;
      }
      if (profile.days.size === 0) clock.open.delete(profile);
    }
  }

  function shareWithPeers(profile: Profile, day: OpenDay): void {
    const { account, owner } = profile;
    for (const dimension of valueDimensions) {
      for (const value of day.values[dimension]) {
        if (!day.holds.has(pendingKey(dimension, value)))
          peers.sealDay(account, profile.subject_uid, owner, dimension, value, day.day);
      }
    }
    engineDirty = true;
  }

  function moveWatermark(clock: ProviderClock, to: number): void {
    if (to <= clock.watermark) return;
    const from = clock.watermark;
    clock.watermark = to;
    if (clock.nextClose <= to) closeWindows(clock, to);
    if (dayOf(from) !== dayOf(to)) {
      sealBefore(clock, dayOf(to));
      releaseDeferred(clock);
    }
  }

  function releaseDeferred(clock: ProviderClock): void {
    if (clock.deferred.length === 0) return;
    const ready = clock.deferred.filter((e) => dayOf(e.time) <= dayOf(clock.watermark));
    clock.deferred = clock.deferred.filter((e) => dayOf(e.time) > dayOf(clock.watermark));
    ready.sort((a, b) => a.time - b.time || (a.event_uid < b.event_uid ? -1 : 1));
    for (const event of ready)
      judge(event, inventory.empty ? null : inventory.lookup(event), profileOf(event), clock, false);
  }

  function take(): Finding[] {
    const out = [...changed.values()].map((s) => ({ ...s.finding }));
    changed = new Map();
    return out;
  }

  function processOne(event: DetectEvent, sorted: boolean, now: number): void {
    const clock = clockOf(event.provider);
    const lateness = sorted ? 0 : options.latenessOf(event.provider);
    const late = event.time < clock.watermark;
    moveWatermark(clock, Math.min(event.time, now) - lateness);
    const profile = profileOf(event);
    const policy = inventory.empty ? null : inventory.lookup(event);
    profile.account = event.account;
    profile.owner = policy?.owner ?? null;
    if (isRevocation(event))
      for (const key of revokedKeys(event)) revoked.set(key, Math.min(revoked.get(key) ?? event.time, event.time));
    checkPolicies(event, policy, profile, late);
    if (dayOf(event.time) > dayOf(clock.watermark)) clock.deferred.push(detectPart(event));
    else judge(event, policy, profile, clock, late);
  }

  return {
    process(events, { sorted, now }) {
      const ordered = sorted
        ? events
        : [...events].sort((a, b) => a.time - b.time || (a.event_uid < b.event_uid ? -1 : 1));
      for (const event of ordered) processOne(event, sorted, now);
      if (events.length > 0) engineDirty = true;
      return take();
    },
    advance(provider, watermark) {
      moveWatermark(clockOf(provider), watermark);
      return take();
    },
    finish() {
      for (const clock of clocks.values()) {
        const waiting = clock.deferred;
        clock.deferred = [];
        if (waiting.length > 0) sealBefore(clock, Math.min(...waiting.map((e) => dayOf(e.time))));
        waiting.sort((a, b) => a.time - b.time || (a.event_uid < b.event_uid ? -1 : 1));
        for (const event of waiting)
          judge(event, inventory.empty ? null : inventory.lookup(event), profileOf(event), clock, false);
        for (const profile of clock.open) {
          const windows = [...profile.callWindows.values()].sort((a, b) => a.start - b.start);
          for (const window of windows.filter(isAligned)) judgeWindow(profile, window);
          for (const window of windows.filter((w) => !isAligned(w))) judgeStraddling(profile, window);
        }
      }
      return take();
    },
    missing(events) {
      const subjects = new Set<string>();
      for (const event of events) if (!profiles.has(event.subject_uid)) subjects.add(event.subject_uid);
      return [...subjects];
    },
    load(rows) {
      for (const row of rows) {
        if (row.subject_uid === ENGINE_SUBJECT) loadEngine(row.state);
        else adopt(profileFrom(row.state));
      }
    },
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
    profile: (subject) => profiles.get(subject) ?? null,
    setInventory(next) {
      inventory = next;
      calm = new WeakMap();
    },
    reset() {
      profiles.clear();
      clocks.clear();
      revoked.clear();
      peers.load("[]");
      calm = new WeakMap();
      changed = new Map();
      engineDirty = false;
    },
    watermark: (provider) => clockOf(provider).watermark,
    deferred: () => [...clocks.values()].reduce((n, c) => n + c.deferred.length, 0),
  };

  function adopt(profile: Profile): void {
    profiles.set(profile.subject_uid, profile);
    const clock = clockOf(profile.provider);
    if (profile.days.size > 0) clock.open.add(profile);
    for (const window of profile.callWindows.values()) closeLater(clock, profile, window);
  }

  function engineText(): string {
    const marks = [...clocks].map(([provider, c]) => [provider, c.watermark, c.sealedTo, c.deferred]);
    return JSON.stringify({ marks, revoked: [...revoked], peers: peers.text() });
  }

  function loadEngine(text: string): void {
    const state = JSON.parse(text) as {
      marks: [string, number, number, DetectEvent[]][];
      revoked: [string, number][];
      peers: string;
    };
    for (const [provider, mark, sealedTo, waiting] of state.marks) {
      const clock = clockOf(provider);
      clock.watermark = mark;
      clock.sealedTo = sealedTo;
      clock.deferred = waiting;
    }
    for (const [key, time] of state.revoked) revoked.set(key, time);
    peers.load(state.peers);
  }
}
