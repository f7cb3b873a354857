import { createHash } from "node:crypto";
import { drop, put } from "./light_maps.ts";
import { createMemo } from "./memo.ts";
import type { OpenDay, Sealed } from "./profile.ts";

/** Sessions of one role, of a day or of the days before, of which a hash and the place are kept, some 25 bytes each. */
const MAX_CROWD = 4096;

/** 48 bits: two of 8,000 sessions share them once in ten million roles. */
const hashOf = (session: string): string => createHash("sha256").update(session).digest("base64url").slice(0, 8);

/** placesBefore gives the places at which a session was used on the days before. */
export function placesBefore(sealed: Sealed, session: string): readonly string[] {
  const known = sealed.sessions.get(session)?.places;
  if (known !== undefined || sealed.crowd.size === 0) return known ?? [];
  return sealed.crowd.get(hashOf(session))?.split(" ") ?? [];
}

const largest = createMemo<OpenDay, string>();

function largestOf(day: OpenDay): string {
  let last = "";
  for (const hash of day.crowd.keys()) if (hash > last) last = hash;
  return last;
}

/**
 * noteCrowd keeps the place of a session of which nothing else is kept. Null where that is all there is to say; else it is used at a
 * second place, and this is the first one of the day, "" where that was on a day before. Beyond MAX_CROWD the smallest hashes are kept.
 */
export function noteCrowd(day: OpenDay, session: string, place: string, sealed: Sealed): string | null {
  const hash = hashOf(session);
  const first = day.crowd.get(hash);
  if (first !== undefined) return first === place ? null : first;
  const before = placesBefore(sealed, session);
  if (before.length > 0 && !before.includes(place)) return "";
  if (day.crowd.size >= MAX_CROWD) {
    const last = largest.get(day) ?? largestOf(day);
    largest.set(day, last);
    if (hash > last) return null;
    day.crowd = drop(day.crowd, last);
    largest.clear();
  }
  day.crowd = put(day.crowd, hash, place);
  return null;
}

/** sealCrowd remembers the crowd of a day; those seen longest ago go first. */
export function sealCrowd(sealed: Sealed, day: OpenDay): void {
  if (day.crowd.size === 0) return;
  for (const hash of [...day.crowd.keys()].sort()) joinHash(sealed, hash, [day.crowd.get(hash)!]);
}

/** joinCrowd goes on remembering a session of which more is no longer kept. */
export const joinCrowd = (sealed: Sealed, session: string, places: readonly string[]): void =>
  joinHash(sealed, hashOf(session), places);

function joinHash(sealed: Sealed, hash: string, places: readonly string[]): void {
  const known = sealed.crowd.get(hash)?.split(" ") ?? [];
  sealed.crowd = put(drop(sealed.crowd, hash), hash, [...new Set([...known, ...places])].sort().join(" "));
  if (sealed.crowd.size > MAX_CROWD) sealed.crowd = drop(sealed.crowd, sealed.crowd.keys().next().value!);
}
