import { DAY_MS } from "../schemas/duration.ts";
import type { DetectEvent } from "./detection.ts";
import { put } from "./light_maps.ts";
import { isPerson } from "./people.ts";
import type { OpenDay, Sealed } from "./profile.ts";
import { haversine } from "./stats/haversine.ts";

const BIN_MS = 30 * 60_000;
const MAX_PLACES = 32;

/** DayPlace is where a network is, and in which half hours of the UTC day it was used. */
export interface DayPlace {
  lat: number;
  lon: number;
  bins: number[];
}

/** notePlace is told once per network and half hour. */
export function notePlace(day: OpenDay, network: string, event: DetectEvent): void {
  if (event.lat === null || event.lon === null) return;
  const bin = Math.floor((event.time % DAY_MS) / BIN_MS);
  const place = day.places.get(network);
  if (place) {
    if (!place.bins.includes(bin)) place.bins.push(bin);
  } else if (day.places.size < MAX_PLACES)
    day.places = put(day.places, network, { lat: event.lat, lon: event.lon, bins: [bin] });
}

const HOME_DAYS = 60;
const DEGREES_AN_HOUR = 15;
/** Nearer places keep about the same hours. */
const MIN_SHIFT_HOURS = 2;

/** sealHome moves the mean longitude towards that of the day; the place in most of its half hours stands for the day. */
export function sealHome(sealed: Sealed, day: OpenDay): void {
  let most: DayPlace | null = null;
  let name = "";
  for (const [network, place] of day.places) {
    const more = most === null ? 1 : place.bins.length - most.bins.length;
    if (more > 0 || (more === 0 && network < name)) [most, name] = [place, network];
  }
  const { home } = sealed;
  if (most === null || (home.days >= MIN_HOME_DAYS && Math.abs(shiftHours(home.lon, most.lon)) >= MIN_SHIFT_HOURS))
    return;
  home.days = Math.min(HOME_DAYS, home.days + 1);
  home.lon = Math.round((home.lon + (most.lon - home.lon) / home.days) * 100) / 100;
}

const MIN_HOME_DAYS = 7;

/** livedTime is the time at which a call of a person who travels would be at home, ms: breakfast in Tokyo is breakfast. */
export function livedTime(event: DetectEvent, sealed: Sealed): number {
  const { home } = sealed;
  if (event.lon === null || event.hosting === true || home.days < MIN_HOME_DAYS) return event.time;
  const shift = shiftHours(home.lon, event.lon);
  if (Math.abs(shift) < MIN_SHIFT_HOURS || !isPerson(event, sealed)) return event.time;
  return event.time + Math.round(shift) * 3_600_000;
}

const shiftHours = (from: number, to: number): number =>
  (((((to - from + 540) % 360) + 360) % 360) - 180) / DEGREES_AN_HOUR;

/** LastPlace is where a key was in the last half hour of its last day. */
export interface LastPlace {
  day: number;
  network: string;
  lat: number;
  lon: number;
  bin: number;
}

/** sealLastPlace keeps where the day ended; of several networks in its last half hour the first by name. */
export function sealLastPlace(sealed: Sealed, { day, places }: OpenDay): void {
  let last: LastPlace | null = null;
  for (const [network, { lat, lon, bins }] of places) {
    const bin = Math.max(...bins);
    if (last === null || bin > last.bin || (bin === last.bin && network < last.network))
      last = { day, network, lat, lon, bin };
  }
  sealed.lastPlace = last;
}

/** placeBefore is where the key was at the end of the day before; null where it was silent then. */
export const placeBefore = (day: OpenDay, { lastPlace }: Sealed): LastPlace | null =>
  lastPlace?.day === day.day - 1 ? lastPlace : null;

/** Journey is the fastest way that a day asks for between a network and another one. */
export interface Journey {
  other: string;
  km: number;
  /** At most this fast; half hours are taken whole, so a real journey is never slower. */
  kmh: number;
}

/** fastestJourney compares a network with all others of the day, and with where the day before ended. More events never make it slower. */
export function fastestJourney(day: OpenDay, network: string, minKm: number, before: LastPlace | null): Journey | null {
  const here = day.places.get(network);
  if (!here) return null;
  let fastest: Journey | null = null;
  const others: Iterable<[string, DayPlace]> =
    before === null
      ? day.places
      : [...day.places, [before.network, { ...before, bins: [before.bin - DAY_MS / BIN_MS] }]];
  for (const [other, there] of others) {
    if (other === network) continue;
    const km = haversine(here.lat, here.lon, there.lat, there.lon);
    if (km < minKm) continue;
    let apart = Number.POSITIVE_INFINITY;
    for (const a of here.bins) for (const b of there.bins) apart = Math.min(apart, Math.abs(a - b) + 1);
    const kmh = km / ((apart * BIN_MS) / 3_600_000);
    if (fastest === null || kmh > fastest.kmh || (kmh === fastest.kmh && other < fastest.other))
      fastest = { other, km, kmh };
  }
  return fastest;
}
