import { DAY_MS, dayOf } from "../schemas/duration.ts";
import { atLeast } from "../schemas/severity.ts";
import type { Signal } from "../schemas/signal.ts";
import { hourOfWeek } from "../schemas/zone.ts";
import { closeLater, type ProviderClock } from "./clock.ts";
import type { Baseline, DetectEvent, Hit, Policy, PolicyContext } from "./detection.ts";
import type { EngineOptions } from "./engine_options.ts";
import { explain } from "./explain/explain.ts";
import { type FindingState, growFinding, type HitContext, startFinding } from "./finding_state.ts";
import type { InventoryIndex, KeyPolicy } from "./inventory_index.ts";
import { put } from "./light_maps.ts";
import { createMemo } from "./memo.ts";
import { noteNet, settled, settledToday } from "./net_place.ts";
import { countNetwork, countWindows, observeEvent, observeRenamed, openDay } from "./observe.ts";
import type { PeerBook } from "./peers.ts";
import type { OpenDay, Profile } from "./profile.ts";
import { noteSession } from "./sessions.ts";
import { livedTime } from "./travel.ts";
import { shortUid, type VerdictBook } from "./verdicts.ts";
import { pendingKey, type View } from "./view.ts";
import { alignedStart, type CallWindow, WINDOW_MS } from "./windows.ts";

/** Distinct days until a value is learned that gave a finding below medium. */
export const HOLD_DAYS_BELOW_MEDIUM = 3;
const PROPAGATION_MS = 10_000;
/** Calm verdicts remembered per day and detection. */
const MAX_CALM = 1024;
/** Findings that one held value remembers. */
const MAX_HOLDERS = 3;

export interface JudgeParts {
  options: EngineOptions;
  inventory(): InventoryIndex;
  peers: PeerBook;
  /** Keys that the log said were revoked, with the time, ms. */
  revoked: ReadonlyMap<string, number>;
  /** Told of every finding that began or grew. */
  changed(state: FindingState): void;
  verdicts: VerdictBook;
  /** Time between two moments (ms) in which the source of a key was silent, ms. */
  unheard(profile: Profile, from: number, to: number): number;
  /** Told of what other keys may share. */
  signal(signal: Signal): void;
}

/** Asked is what is needed of a baseline at every event; in one shape for all of them, however they are defined. */
interface Asked extends Required<Pick<Baseline, "whileLearning" | "applies" | "judge">> {
  sameAs: NonNullable<Baseline["sameAs"]> | null;
  baseline: Baseline;
}

const asked = (baseline: Baseline): Asked => ({
  whileLearning: baseline.whileLearning,
  applies: baseline.applies ?? (() => true),
  sameAs: baseline.sameAs ?? null,
  judge: baseline.judge!,
  baseline,
});

/** Judge asks the detections and turns their hits into findings. It knows nothing of watermarks. */
export interface Judge {
  /** Policies speak at once, whatever the order of events. */
  policies(event: DetectEvent, policy: KeyPolicy | null, profile: Profile, clock: ProviderClock, late: boolean): void;
  /** Counts the event and asks the baselines. */
  event(event: DetectEvent, profile: Profile, clock: ProviderClock, late: boolean): void;
  /** A complete quarter of an hour. */
  window(profile: Profile, window: CallWindow, clock: ProviderClock): void;
  /** One that straddles an edge speaks only where neither neighbour did. */
  straddling(profile: Profile, window: CallWindow, clock: ProviderClock): void;
  /** Forgets remembered verdicts: declarations or habits changed. */
  forget(): void;
}

export function createJudge(parts: JudgeParts): Judge {
  const { options, inventory, peers, revoked, verdicts, changed, signal } = parts;
  const enabled = options.detections.filter((d) => options.overrides[d.id]?.enabled !== false);
  const policies = enabled.filter((d): d is Policy => d.kind === "policy" && d.posture === undefined);
  const baselines = enabled.filter((d): d is Baseline => d.kind === "baseline");
  const judges = baselines.filter((b) => b.judge).map(asked);
  const closers = baselines.filter((b) => b.close);
  const undeclared = policies.filter((p) => p.undeclared);
  /** Verdicts that are known to be calm, per open day and baseline. */
  const calm = createMemo<OpenDay, (Set<string> | undefined)[]>();
  const declared = (event: DetectEvent): KeyPolicy | null => (inventory().empty ? null : inventory().lookup(event));

  /** One mutable view serves all judgements: nothing keeps it, nor the parts of it that change. */
  const history = { days: 0, events: 0 };
  const policyContext: PolicyContext = { revokedInLog: null, propagationMs: PROPAGATION_MS, unlisted: false };
  const view: View = {
    profile: null as never,
    sealed: null as never,
    day: null as never,
    window: null as never,
    networks: null,
    policy: null,
    learning: true,
    history,
    zone: "UTC",
    hour: 0,
    peers: {
      others: (account, dimension, value, subject) =>
        peers.others(account, dimension, value, subject, view.policy?.owner ?? null, view.day.day),
      isShared: (account, dimension, value, subject) =>
        peers.isShared(account, dimension, value, subject, view.day.day),
    },
    unheard: (from, to) => parts.unheard(view.profile, from, to),
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
    history.days = age;
    history.events = sealed.events;
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
      history: { ...history },
      learning: detection.kind === "baseline" && !detection.rule && view.learning,
      late,
      severityOverride: options.overrides[detection.id]?.severity,
      weightOverride: options.overrides[detection.id]?.weight,
      explain: () => explain(hit, detection, event, view),
    };
    const id = `${detection.id}\u001f${hit.dimension}\u001f${bucket}`;
    let state = day.findings.get(id);
    if (!state) {
      state = startFinding(hit, context, bucket);
      day.findings = put(day.findings, id, state);
      changed(state);
    } else if (growFinding(state, hit, context)) {
      changed(state);
    }
    if (hit.signal) {
      const { provider, account, subject_uid, time, event_uid } = event;
      signal({ ...hit.signal, provider, account, subject_uid, time, event_uid });
    }
    const need = atLeast(state.finding.severity, "medium") ? options.learning.quarantine_days : HOLD_DAYS_BELOW_MEDIUM;
    for (const habit of hit.holds ?? []) {
      const key = pendingKey(habit.dimension, habit.value);
      day.holds = put(day.holds, key, Math.max(day.holds.get(key) ?? 0, need));
      noteHolder(day, key, shortUid(state.finding.uid));
    }
  }

  /** Sorted, so that which ones are kept does not depend on the order of events. */
  function noteHolder(day: OpenDay, key: string, uid: string): void {
    const held = day.heldBy.get(key) ?? [];
    if (held.includes(uid)) return;
    day.heldBy = put(day.heldBy, key, [...held, uid].sort().slice(0, MAX_HOLDERS));
  }

  function checkPolicies(
    observed: DetectEvent,
    policy: KeyPolicy | null,
    profile: Profile,
    clock: ProviderClock,
    late: boolean,
  ): void {
    const event = settled(observed, profile);
    policyContext.revokedInLog = event.key_uid === null ? null : (revoked.get(event.key_uid) ?? null);
    policyContext.unlisted = policy === null && inventory().complete(event.provider, event.time);
    const asked = policy === null ? undeclared : policies;
    for (let i = 0; i < asked.length; i++) {
      const detection = asked[i]!;
      let hit: Hit | null = null;
      try {
        hit = detection.check(event, policy, policyContext);
      } catch (error) {
        fault(detection, event, error);
      }
      if (hit === null) continue;
      const day = openDay(profile, dayOf(event.time));
      look(profile, day, policy);
      report(hit, detection, event, policy, day, late);
      clock.open.add(profile.subject_uid);
    }
  }

  function judge(observed: DetectEvent, profile: Profile, clock: ProviderClock, late: boolean): void {
    const policy = declared(observed);
    const number = dayOf(observed.time);
    // Verdicts hold from the beginning of a day on: an event of it is judged by what was said before.
    if (!profile.days.has(number)) verdicts.settle(profile, number);
    const day = openDay(profile, number);
    clock.open.add(profile.subject_uid);
    profile.dirty = true;
    look(profile, day, policy);
    noteNet(profile, day, observed);
    const event = settledToday(settled(observed, profile), day);
    view.zone = policy?.zone ?? "UTC";
    view.hour = hourOfWeek(view.zone, livedTime(event, profile.sealed));
    observeEvent(profile, day, event, view.hour);
    if (event !== observed) observeRenamed(day, observed);
    view.window = countWindows(profile, day, event, (w) => closeLater(clock, profile.subject_uid, w));
    view.networks = countNetwork(profile, day, event);
    noteSession(day, event);
    let quiet = calm.get(day);
    if (!quiet) {
      quiet = judges.map(() => undefined);
      calm.set(day, quiet);
    }
    for (let i = 0; i < judges.length; i++) {
      const { whileLearning, applies, sameAs, judge, baseline } = judges[i]!;
      if (view.learning && !whileLearning) continue;
      try {
        if (!applies(event)) continue;
        const same = sameAs === null ? null : sameAs(event, view);
        if (same !== null && quiet[i]?.has(same)) continue;
        const hit = judge(event, view);
        if (hit !== null) report(hit, baseline, event, policy, day, late);
        else if (same !== null) noteCalm(quiet, i, same);
      } catch (error) {
        fault(baseline, event, error);
      }
    }
  }

  function noteCalm(quiet: (Set<string> | undefined)[], at: number, same: string): void {
    const known = quiet[at];
    if (known === undefined) quiet[at] = new Set([same]);
    else if (known.size < MAX_CALM) known.add(same);
  }

  function fault(detection: Policy | Baseline, event: DetectEvent, error: unknown): void {
    if (options.onFault === undefined) throw error;
    options.onFault(detection.id, event.event_uid, error);
  }

  function judgeStraddling(profile: Profile, window: CallWindow, clock: ProviderClock): void {
    const before = profile.callWindows.get(alignedStart(window.start));
    const after = profile.callWindows.get(alignedStart(window.start) + WINDOW_MS);
    window.fired = [...(before?.fired ?? []), ...(after?.fired ?? [])];
    judgeWindow(profile, window, clock);
  }

  function judgeWindow(profile: Profile, window: CallWindow, clock: ProviderClock): void {
    if (window.denied === 0) return;
    const event = window.lead;
    if (event === null) return;
    const policy = declared(event);
    const day = openDay(profile, dayOf(window.start));
    clock.open.add(profile.subject_uid);
    look(profile, day, policy);
    view.window = window;
    for (const baseline of closers) {
      if (view.learning && !baseline.whileLearning) continue;
      if (window.fired.includes(baseline.id)) continue;
      let hit: Hit | null = null;
      try {
        hit = baseline.close!(view);
      } catch (error) {
        fault(baseline, event, error);
      }
      if (hit === null) continue;
      window.fired.push(baseline.id);
      report(hit, baseline, event, policy, day, false);
    }
    profile.dirty = true;
  }

  return {
    policies: checkPolicies,
    event: judge,
    window: judgeWindow,
    straddling: judgeStraddling,
    forget() {
      calm.clear();
    },
  };
}
