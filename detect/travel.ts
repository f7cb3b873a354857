import { DAY_MS } from "../schemas/duration.ts";
import type { DetectEvent } from "./detection.ts";
import type { OpenDay } from "./profile.ts";
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
  } else if (day.places.size < MAX_PLACES) day.places.set(network, { lat: event.lat, lon: event.lon, bins: [bin] });
}

/** Journey is the fastest way that a day asks for between a network and another one. */
export interface Journey {
  other: string;
  km: number;
  /** At most this fast; half hours are taken whole, so a real journey is never slower. */
  kmh: number;
}

/** fastestJourney compares a network with all others of the day. More events never make it slower. */
export function fastestJourney(day: OpenDay, network: string, minKm: number): Journey | null {
  const here = day.places.get(network);
  if (!here) return null;
  let fastest: Journey | null = null;
  for (const [other, there] of day.places) {
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
