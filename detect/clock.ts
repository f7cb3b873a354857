import { DAY_MS, dayOf, MAX_AHEAD_MS } from "../schemas/duration.ts";
import type { Signal } from "../schemas/signal.ts";
import { drop } from "./light_maps.ts";
import { openDay } from "./observe.ts";
import type { Profile } from "./profile.ts";
import type { Feed } from "./pulse.ts";
import { addFailureWindow } from "./stats/failures.ts";
import { newWaiting, type Waiting } from "./waiting.ts";
import { type CallWindow, isAligned, NETWORK_WINDOW_MS, type NetworkWindow, WINDOW_MS } from "./windows.ts";

/** Event time of a provider that was never seen, ms: the least that a Date can hold. */
export const NO_TIME = -8.64e15;
export const NEVER_TICKED = Number.NEGATIVE_INFINITY;
/** Failing keys that one signal names. */
const MAX_FAILING = 1_000;

/** ProviderClock is the event time of one provider, and what waits for it to move. */
export interface ProviderClock {
  /** Expected lateness of its records. */
  latenessMs: number;
  /** All events before it have come, but for late ones; ms. */
  watermark: number;
  /** Subjects with windows, by the moment at which these close. */
  closing: Map<number, Set<string>>;
  nextClose: number;
  /** Days before this one are sealed. */
  sealedTo: number;
  /** Subjects with days that are not sealed. */
  open: Set<string>;
  /** Events of a day whose day before is not sealed yet. */
  waiting: Waiting;
  /** What each account of it sent of late. */
  feeds: Map<string | null, Feed>;
  /** Newest quarter of an hour to which the clock moved it, as a slot. */
  ticked: number;
}

export const newClock = (maxWaiting: number, latenessMs: number): ProviderClock => ({
  latenessMs,
  watermark: NO_TIME,
  closing: new Map(),
  nextClose: Number.MAX_SAFE_INTEGER,
  sealedTo: -1e9,
  open: new Set(),
  waiting: newWaiting(maxWaiting),
  feeds: new Map(),
  ticked: NEVER_TICKED,
});

/** isAhead tells a time that lies further ahead of the provider's than any event may that was taken: older versions took those. */
export const isAhead = (clock: ProviderClock, time: number): boolean =>
  clock.watermark !== NO_TIME && time > clock.watermark + clock.latenessMs + MAX_AHEAD_MS;

/** dropAhead takes out of a stored profile what a broken clock began there: it would stay open for years. */
export function dropAhead(profile: Profile, clock: ProviderClock): void {
  const before = profile.days.size;
  for (const day of profile.days.keys()) if (isAhead(clock, day * DAY_MS)) profile.days = drop(profile.days, day);
  if (profile.days.size === before) return;
  profile.dirty = true;
  for (const start of profile.callWindows.keys())
    if (isAhead(clock, start)) profile.callWindows = drop(profile.callWindows, start);
  for (const start of profile.networkWindows.keys())
    if (isAhead(clock, start)) profile.networkWindows = drop(profile.networkWindows, start);
}

/** Health counts the keys at work in a quarter of an hour, and names those whose calls the provider failed. */
export interface Health {
  active: number;
  failing: string[];
}

/** noteHealth adds the window of one key. */
export function noteHealth(health: Health, profile: Profile, window: CallWindow): void {
  if (window.calls === 0) return;
  health.active++;
  if (window.failed * 2 >= window.calls) health.failing.push(profile.subject_uid);
}

/** healthSignal tells the other engines what this one counted. */
export const healthSignal = (provider: string, engine: string, start: number, health: Health): Signal => ({
  ...{ kind: "window", provider, account: null, subject_uid: engine, time: start, value: "", event_uid: "" },
  active: health.active,
  failing: health.failing.sort().slice(0, MAX_FAILING),
});

/** closeLater notes when a window is complete. A straddling one waits for the aligned one that it reaches into. */
export function closeLater(clock: ProviderClock, subject: string, window: CallWindow): void {
  const at = isAligned(window) ? window.start + WINDOW_MS : window.start + WINDOW_MS * 1.5;
  const set = clock.closing.get(at);
  if (set) {
    set.add(subject);
    return;
  }
  clock.closing.set(at, new Set([subject]));
  clock.nextClose = Math.min(clock.nextClose, at);
}

/** takeClosing gives the subjects whose windows close at the next moment, and moves on to the one after it. */
export function takeClosing(clock: ProviderClock): Set<string> {
  const due = clock.closing.get(clock.nextClose) ?? new Set<string>();
  clock.closing.delete(clock.nextClose);
  clock.nextClose = Number.MAX_SAFE_INTEGER;
  for (const time of clock.closing.keys()) if (time < clock.nextClose) clock.nextClose = time;
  return due;
}

/** foldWindow moves an aligned window's counts into its day. */
export function foldWindow(profile: Profile, window: CallWindow): void {
  if (window.judged === 0) return;
  const day = openDay(profile, dayOf(window.start));
  const deniedSquares = day.calls.deniedSquares + window.denied * window.denied;
  day.calls = { ...addFailureWindow(day.calls, window.judged, window.denied), deniedSquares };
}

/** hasOwners tells whether the networks of a half hour belong to several owners. */
function hasOwners(window: NetworkWindow): boolean {
  let first: string | null = null;
  for (const [, , , owner] of window.networks.values()) {
    if (first !== null && owner !== first) return true;
    first = owner;
  }
  return false;
}

/** foldNetworks moves the half hours that ended before `until` (ms) into their days. */
export function foldNetworks(profile: Profile, until: number): void {
  for (const window of profile.networkWindows.values()) {
    if (window.start + NETWORK_WINDOW_MS > until) continue;
    const { concurrency, netConcurrency } = openDay(profile, dayOf(window.start));
    if (window.networks.size > 1) netConcurrency.several++;
    else netConcurrency.single++;
    if (hasOwners(window)) concurrency.several++;
    else concurrency.single++;
    profile.networkWindows = drop(profile.networkWindows, window.start);
  }
}
