import { DAY_MS } from "../schemas/duration.ts";
import { sealDeniedTail } from "./denied_tail.ts";
import { forgetPending, isHeld } from "./holds.ts";
import { hasHours, hourWeek } from "./hour_score.ts";
import { drop, type LightSet, put } from "./light_maps.ts";
import { sealNets } from "./net_place.ts";
import { megabytes, sealCount, sealObjects } from "./objects.ts";
import { FORGET_DAYS, type OpenDay, type Pending, type Profile, valueDimensions } from "./profile.ts";
import { joinCrowd, placesBefore, sealCrowd } from "./session_crowd.ts";
import { sealHourDay } from "./stats/hour_accumulation.ts";
import { fadeHours } from "./stats/hours.ts";
import { sealHome, sealLastPlace } from "./travel.ts";
import { forget, observeDay, type ValueSet } from "./values.ts";
import { pendingKey } from "./view.ts";
import { sealVolume } from "./volume.ts";

const MAX_GAPS = 32;
const MAX_HOLDERS = 6;
const MAX_SESSIONS = 64;
const PENDING_FORGET_DAYS = 90;

/**
 * sealDay folds one whole day into the habits. Values go in sorted, so the order of the day's events does not matter. `unheard` gives the
 * time between two moments in which the key's source was silent: nothing is known of it, so it is no silence of the key.
 */
export function sealDay(profile: Profile, day: OpenDay, unheard: (from: number, to: number) => number): void {
  const { sealed } = profile;
  const late = day.day <= sealed.through;
  if (!late) noteGap(profile, day, unheard);
  sealed.firstDay = sealed.firstDay < 0 ? day.day : Math.min(sealed.firstDay, day.day);
  if (!late) sealed.activeDays++;
  sealed.events += day.events;
  sealed.writes += day.writes;
  sealed.lastTime = Math.max(sealed.lastTime, day.lastTime);
  releaseRenamed(profile, day);
  notePending(profile, day);
  if (!late) rememberHours(profile, day);
  learnValues(profile, day, late);
  learnHours(profile, day);
  for (const name of ["windows", "n", "k", "nn", "kkn", "deniedSquares"] as const)
    sealed.calls[name] += day.calls[name];
  if (!late) sealDeniedTail(sealed, day);
  if (day.deniedOperations.size > 0) {
    sealed.deniedOperations.most = Math.max(sealed.deniedOperations.most, day.deniedOperations.size);
    sealed.deniedOperations.days++;
  }
  sealed.concurrency.single += day.concurrency.single;
  sealed.concurrency.several += day.concurrency.several;
  sealed.netConcurrency.single += day.netConcurrency.single;
  sealed.netConcurrency.several += day.netConcurrency.several;
  if (!late) sealObjects(sealed.objects, day.fresh);
  if (!late && day.bytes !== null) sealCount(sealed.bytes, megabytes(day.bytes));
  sealVolume(sealed.volume, day.day, day.done);
  if (!late) {
    sealHome(sealed, day);
    sealLastPlace(sealed, day);
  }
  learnSessions(profile, day);
  forgetPending(profile);
  sealed.through = Math.max(sealed.through, day.day);
  const keep = Math.ceil((2 * longestGap(profile)) / DAY_MS);
  for (const dimension of valueDimensions) {
    forget(sealed.values[dimension], sealed.through, Math.max(FORGET_DAYS[dimension], keep));
  }
  sealNets(sealed, day);
  profile.days = drop(profile.days, day.day);
}

/** longestGap is the longest silence known, ms. */
export const longestGap = (profile: Profile): number => profile.sealed.gaps.reduce((a, b) => Math.max(a, b), 0);

function noteGap(profile: Profile, day: OpenDay, unheard: (from: number, to: number) => number): void {
  const { sealed } = profile;
  const gap = sealed.lastTime === 0 ? 0 : day.firstTime - sealed.lastTime;
  if (gap <= DAY_MS) return;
  const known = gap - unheard(sealed.lastTime, day.firstTime);
  if (known <= DAY_MS) return;
  sealed.gaps = [...sealed.gaps, known].slice(-MAX_GAPS);
}

/** releaseRenamed lets go of what a finding held back and a network of the key's own turned out to be; a verdict stands. */
function releaseRenamed(profile: Profile, day: OpenDay): void {
  for (const key of day.renamed) {
    day.holds = drop(day.holds, key);
    if (profile.pending.get(key)?.verdict === undefined) profile.pending = drop(profile.pending, key);
  }
}

/** notePending counts the day for every value that waits, and lets new holds begin. */
function notePending(profile: Profile, day: OpenDay): void {
  const seen = (key: string): boolean => {
    const [dimension = "", value = ""] = key.split("\u001f");
    if (dimension === "hour") return (day.hours[Math.floor(Number(value) / 24)]! >> (Number(value) % 24)) % 2 === 1;
    if (dimension === "session")
      return day.sessions.get(value.split(" ")[0]!)?.has(value.slice(value.indexOf(" ") + 1)) ?? false;
    return day.values[dimension as (typeof valueDimensions)[number]]?.has(value) ?? false;
  };
  for (const [key, pending] of profile.pending) {
    if (seen(key)) {
      if (pending.last !== day.day) pending.days++;
      pending.last = Math.max(pending.last, day.day);
    } else if (day.day - pending.last > PENDING_FORGET_DAYS) profile.pending = drop(profile.pending, key);
  }
  for (const [key, need] of [...day.holds].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const pending = profile.pending.get(key);
    const by = day.heldBy.get(key) ?? [];
    if (pending) {
      pending.need = Math.max(pending.need, need);
      // The newest speak: a verdict comes on an incident of the last days.
      pending.by = [...new Set([...(pending.by ?? []), ...by])].slice(-MAX_HOLDERS);
    } else profile.pending = put(profile.pending, key, { days: 1, need, first: day.day, last: day.day, by });
  }
}

/** A verdict goes before the days. */
const stillWaits = ({ days, need, verdict }: Pending): boolean =>
  verdict === "never" || (verdict !== "learned" && days < need);

function learnValues(profile: Profile, day: OpenDay, late: boolean): void {
  const waits = profile.pending.size > 0;
  for (const dimension of valueDimensions) {
    const set = profile.sealed.values[dimension];
    const seen = day.values[dimension];
    if (seen.size === 0) continue;
    // The order matters to what is evicted for a new one.
    for (const value of hasNew(set, seen) ? [...seen].sort() : seen) {
      const pending = waits ? profile.pending.get(pendingKey(dimension, value)) : undefined;
      if (pending ? stillWaits(pending) : day.unlearned.has(dimension) && !set.values.has(value)) continue;
      if (pending && pending.verdict !== "learned") {
        profile.pending = drop(profile.pending, pendingKey(dimension, value));
        observeDay(set, value, day.day, pending.days);
      } else if (!late || (set.values.get(value)?.last ?? -1) < day.day) observeDay(set, value, day.day);
    }
  }
}

function hasNew(set: ValueSet, seen: LightSet<string>): boolean {
  for (const value of seen) if (!set.values.has(value)) return true;
  return false;
}

function learnHours(profile: Profile, day: OpenDay): void {
  const { hours } = profile.sealed;
  const waits = profile.pending.size > 0;
  for (let d = 0; d < 7; d++) {
    if (day.hours[d] === 0) continue;
    for (let h = 0; h < 24; h++) {
      if ((day.hours[d]! >> h) % 2 === 0) continue;
      if (waits) {
        const key = pendingKey("hour", String(d * 24 + h));
        const pending = profile.pending.get(key);
        if (pending && stillWaits(pending)) continue;
        if (pending?.verdict !== "learned") profile.pending = drop(profile.pending, key);
      }
      hours[d * 24 + h]!++;
    }
  }
}

/** rememberHours judges the whole day once more against the habits before it, as every event of it was. */
function rememberHours(profile: Profile, day: OpenDay): void {
  const { sealed } = profile;
  if (hasHours(sealed)) {
    const { score, fires } = hourWeek(sealed, day);
    sealed.hourMemory = sealHourDay(sealed.hourMemory, day.day, score, fires);
  }
  fadeHours(sealed.hours, sealed.through < 0 ? 0 : day.day - sealed.through);
  // Four decimals are more than the tail can use, and keep the stored profile small.
  const { hours } = sealed;
  for (let i = 0; i < hours.length; i++) if (hours[i] !== 0) hours[i] = Math.round(hours[i]! * 1e4) / 1e4;
}

function learnSessions(profile: Profile, day: OpenDay): void {
  const { sealed } = profile;
  for (const [session, places] of [...day.sessions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const known = { places: [...placesBefore(sealed, session)], last: day.day };
    for (const place of [...places.keys()].sort()) {
      const held = profile.pending.has(pendingKey("session", `${session} ${place}`));
      if (!held && !isHeld(day, "session", `${session} ${place}`) && !known.places.includes(place))
        known.places.push(place);
    }
    sealed.sessions = drop(sealed.sessions, session);
    if (known.places.length > 0) sealed.sessions = put(sealed.sessions, session, known);
  }
  sealCrowd(sealed, day);
  while (sealed.sessions.size > MAX_SESSIONS) {
    const [session, { places }] = sealed.sessions[Symbol.iterator]().next().value!;
    joinCrowd(sealed, session, places);
    sealed.sessions = drop(sealed.sessions, session);
  }
}
