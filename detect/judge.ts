import { DAY_MS, dayOf } from "../schemas/duration.ts";
import { atLeast } from "../schemas/severity.ts";
import type { Signal } from "../schemas/signal.ts";
import { hourOfWeek } from "../schemas/zone.ts";
import { closeLater, type ProviderClock } from "./clock.ts";
import type { Baseline, DetectEvent, Hit, Policy, PolicyContext } from "./detection.ts";
import type { EngineOptions } from "./engine_options.ts";
import { explain } from "./explain/explain.ts";
import { boundedHit, countOthers, findingId } from "./finding_bound.ts";
import { type FindingState, growFinding, type HitContext, severityOf, startFinding } from "./finding_state.ts";
import { hold } from "./holds.ts";
import type { InventoryIndex, KeyPolicy } from "./inventory_index.ts";
import { put } from "./light_maps.ts";
import { createMemo } from "./memo.ts";
import { settle, settled } from "./net_place.ts";
import { countNetwork, countWindows, observeEvent, observeRenamed, openDay } from "./observe.ts";
import type { PeerBook } from "./peers.ts";
import type { OpenDay, Profile } from "./profile.ts";
import type { Revocations } from "./revocations.ts";
import { noteSession } from "./sessions.ts";
import { livedTime } from "./travel.ts";
import { shortUid, type VerdictBook } from "./verdicts.ts";
import type { View } from "./view.ts";
import { alignedStart, type CallWindow, WINDOW_MS } from "./windows.ts";

/** Distinct days until a value is learned that gave a finding below medium. */
export const HOLD_DAYS_BELOW_MEDIUM = 3;
const PROPAGATION_MS = 10_000;
/** Texts of calm verdicts remembered per day. */
const MAX_CALM = 4096;

export interface JudgeParts {
  options: EngineOptions;
  inventory(): InventoryIndex;
  peers: PeerBook;
  /** What the log said of revoked keys. */
  revoked: Pick<Revocations, "at">;
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
  /** Marks its calm verdicts. */
  bit: number;
  baseline: Baseline;
}

function askedOf(baselines: readonly Baseline[]): Asked[] {
  // The rules of operators, which may be many, come without sameAs.
  const alike = baselines.filter((b) => b.sameAs).slice(0, 31);
  return baselines.map((baseline) => ({
    whileLearning: baseline.whileLearning,
    applies: baseline.applies ?? (() => true),
    sameAs: alike.includes(baseline) ? baseline.sameAs! : null,
    bit: 1 << alike.indexOf(baseline),
    judge: baseline.judge!,
    baseline,
  }));
}

/** Judge asks the detections and turns their hits into findings. It knows nothing of watermarks. */
export interface Judge {
  /** Policies speak at once, whatever the order of events. */
  policies(event: DetectEvent, policy: KeyPolicy | null, profile: Profile, clock: ProviderClock, late: boolean): void;
  /** Asks again what depends on whether the key was revoked; a call that was told is not told twice. */
  revoked(event: DetectEvent, profile: Profile, clock: ProviderClock, late: boolean): void;
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
  const judges = askedOf(baselines.filter((b) => b.judge));
  const closers = baselines.filter((b) => b.close);
  const undeclared = policies.filter((p) => p.undeclared);
  const ofRevoked = policies.filter((p) => p.ofRevoked);
  /** Verdicts that are known to be calm, per open day: the text of sameAs, and the baselines that it is calm for. */
  const calm = createMemo<OpenDay, Map<string, number>>();
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
    const told = boundedHit(day, hit, detection.id, bucket);
    const id = findingId(detection.id, told.dimension, bucket);
    let state = day.findings.get(id);
    const grew = state === undefined || growFinding(state, told, context);
    if (!state) {
      state = startFinding(told, context, bucket);
      day.findings = put(day.findings, id, state);
    }
    if (grew) {
      if (told !== hit) countOthers(state);
      changed(state);
    }
    if (hit.signal) {
      const { provider, account, subject_uid, time, event_uid } = event;
      signal({ ...hit.signal, provider, account, subject_uid, time, event_uid });
    }
    if (hit.holds === undefined) return;
    // Of the hit, not of the finding: one that stands for many is as grave as the gravest.
    const need = atLeast(severityOf(hit, context), "medium")
      ? options.learning.quarantine_days
      : HOLD_DAYS_BELOW_MEDIUM;
    for (const habit of hit.holds) hold(day, habit, need, shortUid(state.finding.uid));
  }

  function checkPolicies(
    asked: readonly Policy[],
    observed: DetectEvent,
    policy: KeyPolicy | null,
    profile: Profile,
    clock: ProviderClock,
    late: boolean,
  ): void {
    // Without a declaration the place decides nothing, and is looked up for the words only.
    let event = policy === null ? observed : settled(observed, profile);
    policyContext.revokedInLog = event.key_uid === null ? null : revoked.at(event.key_uid, event.time);
    policyContext.unlisted = policy === null && !inventory().empty && inventory().complete(event.provider, event.time);
    for (let i = 0; i < asked.length; i++) {
      const detection = asked[i]!;
      let hit: Hit | null = null;
      try {
        hit = detection.check(event, policy, policyContext);
        if (hit !== null && event === observed) {
          event = settled(observed, profile);
          hit = detection.check(event, policy, policyContext);
        }
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
    const day = openDay(profile, number);
    // Verdicts hold from the beginning of a day on. A policy may have opened it, before the day before was sealed.
    if (day.events === 0) verdicts.settle(profile, number);
    clock.open.add(profile.subject_uid);
    profile.dirty = true;
    look(profile, day, policy);
    const event = settle(observed, profile, day);
    view.zone = policy?.zone ?? "UTC";
    view.hour = hourOfWeek(view.zone, livedTime(event, profile.sealed));
    observeEvent(profile, day, event, view.hour);
    if (event !== observed) observeRenamed(day, observed);
    view.window = countWindows(profile, day, event, (w) => closeLater(clock, profile.subject_uid, w));
    view.networks = countNetwork(profile, day, event);
    noteSession(day, event, profile.sealed);
    let quiet = calm.get(day);
    if (!quiet) {
      quiet = new Map();
      calm.set(day, quiet);
    }
    for (let i = 0; i < judges.length; i++) {
      const { whileLearning, applies, sameAs, bit, judge, baseline } = judges[i]!;
      if (view.learning && !whileLearning) continue;
      try {
        if (!applies(event)) continue;
        const same = sameAs === null ? null : sameAs(event, view);
        const known = same === null ? 0 : (quiet.get(same) ?? 0);
        if ((known & bit) !== 0) continue;
        const hit = judge(event, view);
        if (hit !== null) report(hit, baseline, event, policy, day, late);
        else if (same !== null && quiet.size < MAX_CALM) quiet.set(same, known | bit);
      } catch (error) {
        fault(baseline, event, error);
      }
    }
  }

  function fault(detection: Policy | Baseline, event: DetectEvent, error: unknown): void {
    if (options.onFault === undefined) throw error;
    options.onFault(detection.id, event.event_uid, error);
  }

  function judgeStraddling(profile: Profile, window: CallWindow, clock: ProviderClock): void {
    if (window.denied === 0) return;
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
    policies: (event, policy, profile, clock, late) =>
      checkPolicies(policy === null ? undeclared : policies, event, policy, profile, clock, late),
    revoked: (event, profile, clock, late) => checkPolicies(ofRevoked, event, declared(event), profile, clock, late),
    event: judge,
    window: judgeWindow,
    straddling: judgeStraddling,
    forget() {
      calm.clear();
    },
  };
}
