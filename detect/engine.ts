import { byEventTime, isInEventOrder } from "../schemas/activity.ts";
import { dayOf, MAX_AHEAD_MS } from "../schemas/duration.ts";
import type { Finding } from "../schemas/finding.ts";
import { type Belated, createBelatedBook, usedBehind } from "./belated.ts";
import { closeLater, dropAhead, isAhead, NEVER_TICKED, NO_TIME, newClock, type ProviderClock } from "./clock.ts";
import { createCloser } from "./closing.ts";
import type { DetectEvent } from "./detection.ts";
import type { EngineOptions, ProcessOptions } from "./engine_options.ts";
import { type EngineState, loadState, stateText } from "./engine_state.ts";
import { createFleet } from "./fleet/fleet.ts";
import type { InventoryIndex } from "./inventory_index.ts";
import { createJudge } from "./judge.ts";
import { createLineage } from "./lineage.ts";
import { createPeerBook } from "./peers.ts";
import { type Profile, profileFrom } from "./profile.ts";
import { createProfileBook } from "./profile_book.ts";
import { createPulse } from "./pulse.ts";
import { newRelease, type Release, type Wanted } from "./release.ts";
import { createRevocations, type KeyChange, keyChange, providerOf } from "./revocations.ts";
import { createSealer } from "./sealing.ts";
import { slotOf } from "./stats/rhythm.ts";
import { createTold } from "./told.ts";
import { createVerdictBook, type VerdictInput } from "./verdicts.ts";

/** Engine turns events into findings. It does no I/O; its state goes to the store as text, subject by subject. */
export interface Engine {
  /** Judges events and gives the findings that began or grew. What comes behind events that are `wanted` waits for them. */
  process(events: readonly DetectEvent[], options: ProcessOptions): Finding[];
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
  /** Drops stored profiles with nothing open from memory until `keep` are left, and gives their subjects. Call it when they are stored. */
  dropCold(keep: number): string[];
  /** Takes over that keys were revoked or made active again, as another log told. */
  revoke(change: KeyChange): void;
  /** Revoked keys whose calls may have come before that was told; null where there are none. */
  belated(): Belated | null;
  /** Asks stored calls of those keys again; with `last`, those were all of them. What was told of a call before is not told twice. */
  askAgain(events: readonly DetectEvent[], last: boolean): Finding[];
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
  /** From now on the oldest of the events that wait leave memory beyond so many; whoever says so answers `wanted`. */
  putOffBeyond(events: number): void;
  /** Stored events that have to be judged before anything else is; null where there are none. */
  wanted(): Wanted | null;
  /** Hands wanted events back, in event-time order; with `last`, those were all of them. */
  supply(events: readonly DetectEvent[], last: boolean): Finding[];
}

/** Input is a batch on its way; it rests while events before it are wanted. */
interface Input extends ProcessOptions {
  events: readonly DetectEvent[];
  next: number;
}

/** Row of the engine's own state beside the subjects. */
export const ENGINE_SUBJECT = "~engine";

export function createEngine(options: EngineOptions): Engine {
  let inventory = options.inventory;
  const profiles = createProfileBook((event) => {
    const profile = lineage.begin(event, inventory.empty ? null : inventory.lookup(event));
    lineage.note(profile);
    return profile;
  }, options);
  const clocks = new Map<string, ProviderClock>();
  const lineage = createLineage(profiles);
  const peers = createPeerBook();
  const revoked = createRevocations();
  const belated = createBelatedBook();
  const verdicts = createVerdictBook();
  let engineDirty = false;
  const dirty = () => (engineDirty = true);
  const fleet = options.onSignals ? null : createFleet(options.overrides);
  const told = createTold({ fleet, onSignals: options.onSignals, learned: dirty });
  const owed: { provider: string; from: number }[] = [];
  let maxWaiting = Number.POSITIVE_INFINITY;
  let inputs: Input[] = [];
  let release: Release | null = null;
  const judge = createJudge({
    options,
    inventory: () => inventory,
    peers,
    revoked,
    verdicts,
    unheard,
    changed: told.changed,
    signal: told.signal,
  });

  const clockOf = (provider: string): ProviderClock => {
    let clock = clocks.get(provider);
    if (!clock) {
      clock = newClock(maxWaiting, options.latenessOf(provider));
      clocks.set(provider, clock);
    }
    return clock;
  };

  const state: EngineState = { clocks, clockOf, revoked, peers, fleet };
  const sealBefore = createSealer({ profiles, peers, unheard, learned: dirty });
  const { closeWindows, judgeOpen } = createCloser({
    judge,
    profiles,
    sealBefore,
    signal: told.signal,
    name: options.name ?? "",
  });
  const pulse = createPulse(options.name ?? "", told.pulse);

  /** endSources says that an input has ended: a source that ended before the others did was silent while they spoke. */
  function endSources(only: string | undefined): void {
    const end = Math.max(NO_TIME, ...[...clocks.values()].map((clock) => clock.watermark));
    for (const [provider, clock] of clocks) {
      if (only !== undefined && only !== provider) continue;
      const cause = clock.ticked === NEVER_TICKED ? "end" : "rest";
      pulse.clock(provider, end - 2 * options.latenessOf(provider), cause);
    }
  }

  function unheard({ provider, account }: Profile, from: number, to: number): number {
    return fleet?.unheard(provider, account, from, to) ?? 0;
  }

  function moveWatermark(provider: string, clock: ProviderClock, to: number, cause: "event" | "tick"): void {
    if (cause === "tick" && slotOf(to) > clock.ticked) {
      clock.ticked = slotOf(to);
      pulse.clock(provider, to, cause);
    }
    if (to <= clock.watermark) return;
    const from = clock.watermark;
    clock.watermark = to;
    if (cause === "event" && slotOf(from) !== slotOf(to)) pulse.clock(provider, to, cause);
    if (clock.nextClose <= to) closeWindows(provider, clock, to);
    if (dayOf(from) !== dayOf(to)) {
      sealBefore(clock, dayOf(to));
      if (revoked.forgetBefore(to)) engineDirty = true;
      releaseWaiting(provider, clock, dayOf(to));
    }
  }

  function releaseWaiting(provider: string, clock: ProviderClock, day: number): void {
    if (clock.waiting.size() === 0) return;
    const { events, putOff } = clock.waiting.take(day);
    const judgeOne = (event: DetectEvent) => judge.event(event, profiles.of(event), clock, false);
    if (putOff === null) for (const event of events) judgeOne(event);
    else release = newRelease(provider, { events, putOff }, judgeOne);
  }

  function take(): Finding[] {
    const found = told.findings();
    // Only now: what was told of a finding goes on in the profile, which is another object once it was packed.
    profiles.packQuiet();
    return [...found, ...told.fleetFindings()];
  }

  function revoke(change: KeyChange, sorted: boolean): void {
    for (const key of change.keys) {
      const clock = clocks.get(providerOf(key));
      // Where it was revoked already, its calls were told.
      if (!clock || change.enabled || revoked.at(key, change.time) !== null) continue;
      if (clock.waiting.size() > 0 || usedBehind(profiles.get(key), change.time))
        belated.note(key, change.time, clock.watermark, sorted ? 0 : clock.latenessMs);
    }
    revoked.note(change);
    dirty();
  }

  /** run judges what came, in turn, until it is at its end or needs stored events first. */
  function run(): void {
    for (let input = inputs[0]; input !== undefined; input = inputs[0]) {
      for (; input.next < input.events.length; input.next++)
        if (!processOne(input.events[input.next]!, input.sorted, input.now)) return;
      inputs.shift();
    }
  }

  /** processOne judges an event; false when stored ones have to be judged before it. */
  function processOne(event: DetectEvent, sorted: boolean, now: number): boolean {
    // A dead letter of today's ingest; what older versions stored, or another process sends, moves and holds nothing either.
    if (event.time > now + MAX_AHEAD_MS) return true;
    const { provider } = event;
    const clock = clockOf(provider);
    const lateness = sorted ? 0 : clock.latenessMs;
    const late = event.time < clock.watermark;
    pulse.note(clock.feeds, event);
    moveWatermark(provider, clock, Math.min(event.time, now) - lateness, "event");
    if (release !== null) return false;
    const profile = profiles.of(event);
    const policy = inventory.empty ? null : inventory.lookup(event);
    profile.account = event.account;
    profile.owner = policy?.owner ?? null;
    const change = keyChange(event);
    if (change !== null) revoke(change, sorted);
    judge.policies(event, policy, profile, clock, late);
    if (dayOf(event.time) > dayOf(clock.watermark)) clock.waiting.add(event);
    else judge.event(event, profile, clock, late);
    return true;
  }

  return {
    process(events, { sorted, now }) {
      const ordered = sorted || isInEventOrder(events) ? events : [...events].sort(byEventTime);
      inputs.push({ events: ordered, next: 0, sorted, now });
      if (release === null) run();
      if (events.length > 0) engineDirty = true;
      return take();
    },
    advance(provider, watermark) {
      if (release === null) moveWatermark(provider, clockOf(provider), watermark, "tick");
      return take();
    },
    finish(only) {
      for (const [provider, clock] of clocks) {
        if (only !== undefined && only !== provider) continue;
        if (release !== null) break;
        const first = clock.waiting.firstDay();
        if (first !== null) {
          sealBefore(clock, Math.min(first, dayOf(clock.watermark) + 1));
          releaseWaiting(provider, clock, Number.POSITIVE_INFINITY);
          if (release !== null) break;
        }
        judgeOpen(clock);
      }
      if (release === null) endSources(only);
      return take();
    },
    missing: (events) => profiles.missing(events),
    load(rows) {
      for (const row of rows) {
        if (row.subject_uid === ENGINE_SUBJECT) owed.push(...loadState(row.state, state));
        else adopt(profileFrom(row.state));
      }
    },
    predecessors: (events) => events.flatMap((e) => (inventory.empty ? null : inventory.lookup(e)?.replaces) ?? []),
    takeDirty() {
      const rows = profiles.takeDirty();
      if (engineDirty) rows.push({ subject_uid: ENGINE_SUBJECT, state: stateText(state) });
      engineDirty = false;
      return rows;
    },
    revoke: (change) => revoke(change, false),
    belated: belated.next,
    askAgain(events, last) {
      for (const event of events) {
        const late = event.time < belated.lateBefore(event.key_uid ?? "");
        judge.revoked(event, profiles.of(event), clockOf(event.provider), late);
      }
      if (last) belated.done();
      return take();
    },
    setVerdicts: verdicts.set,
    profile: (subject) => profiles.get(subject),
    dropCold(keep) {
      const dropped = profiles.dropCold(keep);
      if (dropped.length > 0) lineage.forget(new Set(dropped));
      return dropped;
    },
    setInventory(next) {
      inventory = next;
      judge.forget();
    },
    reset() {
      profiles.clear();
      clocks.clear();
      revoked.clear();
      belated.clear();
      inputs = [];
      release = null;
      peers.load("[]");
      fleet?.reset();
      told.clear();
      judge.forget();
      engineDirty = false;
    },
    forget(subjects) {
      for (const clock of clocks.values()) {
        clock.waiting.forget(subjects);
        for (const set of [clock.open, ...clock.closing.values()]) for (const subject of subjects) set.delete(subject);
      }
      told.forget(subjects);
      profiles.forget(subjects);
      peers.forget(subjects);
      lineage.forget(subjects);
      fleet?.forget(subjects);
      judge.forget();
      engineDirty = true;
    },
    providers: () => [...clocks.keys()],
    watermark: (provider) => clockOf(provider).watermark,
    tracked: () => profiles.size(),
    owed: () => owed.splice(0),
    defer(events) {
      for (const event of events)
        if (!isAhead(clockOf(event.provider), event.time)) clockOf(event.provider).waiting.add(event);
    },
    putOffBeyond(events) {
      maxWaiting = events;
    },
    wanted: () => release?.wanted() ?? null,
    supply(events, last) {
      release?.supply(events, last);
      if (last) {
        release = null;
        run();
      }
      return take();
    },
    deferred: () => [...clocks.values()].reduce((n, c) => n + c.waiting.size(), 0),
  };

  function adopt(profile: Profile): void {
    profiles.add(profile);
    lineage.note(profile);
    const clock = clockOf(profile.provider);
    dropAhead(profile, clock);
    const { subject_uid } = profile;
    if (profile.days.size > 0) clock.open.add(subject_uid);
    for (const window of profile.callWindows.values()) closeLater(clock, subject_uid, window);
    profiles.packQuiet();
  }
}
