import type { DetectEvent } from "./detection.ts";
import { drop, put } from "./light_maps.ts";
import type { OpenDay, Profile, Sealed } from "./profile.ts";

/** NetPlace is what the address data said of a network when the key began to use it. */
export type NetPlace = Pick<DetectEvent, "asn" | "country" | "lat" | "lon">;

const MAX_DAY_NETS = 512;
/** Nearer than this is the same place, told more exactly. */
const MIN_MOVE_DEGREES = 2;

/**
 * settled gives an event from a network that the key already used the place that this network had then: that another release of the address
 * data, or another maker's, thinks otherwise of it is no journey. Every other event comes back as it is.
 */
export function settled(event: DetectEvent, { sealed }: Profile): DetectEvent {
  if (event.src_kind !== "ip" || event.src_net === null) return event;
  const place = sealed.nets.get(event.src_net);
  return place === undefined ? event : placedAt(event, place);
}

function placedAt(event: DetectEvent, place: NetPlace): DetectEvent {
  if (isSame(place, event)) return event;
  // Names would be those of another owner and another city.
  return { ...event, ...place, as_org: place.asn === event.asn ? event.as_org : null, city: null };
}

/** settle gives the event its settled place, and keeps the place of a network that the key is new to. */
export function settle(event: DetectEvent, { sealed }: Profile, day: OpenDay): DetectEvent {
  if (event.src_kind !== "ip" || event.src_net === null) return settledToday(event, day);
  const place = sealed.nets.get(event.src_net);
  if (place === undefined) noteNet(day, event.src_net, event);
  return settledToday(place === undefined ? event : placedAt(event, place), day);
}

/** settledToday does so for the network owner of a workload that the key's day began with: its session may be over before any day is. */
function settledToday(event: DetectEvent, day: OpenDay): DetectEvent {
  if (event.session_uid === null || event.src_net === null) return event;
  const place = day.nets.get(event.src_net);
  return place === undefined || place.asn === event.asn ? event : { ...event, asn: place.asn, as_org: null };
}

const isSame = (a: NetPlace, b: NetPlace): boolean =>
  a.asn === b.asn && a.country === b.country && isNear(a.lat, b.lat) && isNear(a.lon, b.lon);

const isNear = (a: number | null, b: number | null): boolean =>
  a === b || (a !== null && b !== null && Math.abs(a - b) < MIN_MOVE_DEGREES);

/** noteNet keeps the place of a network as its first event of the day has it. */
function noteNet(day: OpenDay, net: string, event: DetectEvent): void {
  const known = day.nets.get(net);
  if (known === undefined ? day.nets.size >= MAX_DAY_NETS : !isEarlier(event, known)) return;
  const { asn, country, lat, lon, time, event_uid } = event;
  day.nets = put(day.nets, net, { asn, country, lat, lon, time, event_uid });
}

const isEarlier = (a: DetectEvent, b: { time: number; event_uid: string }): boolean =>
  a.time < b.time || (a.time === b.time && a.event_uid < b.event_uid);

/** sealNets remembers a place for each network that is known now, and forgets those of the others. */
export function sealNets(sealed: Sealed, day: OpenDay): void {
  const known = sealed.values.net.values;
  for (const net of sealed.nets.keys()) if (!known.has(net)) sealed.nets = drop(sealed.nets, net);
  for (const net of [...day.nets.keys()].sort()) {
    const { asn, country, lat, lon } = day.nets.get(net)!;
    if (known.has(net) && !sealed.nets.has(net)) sealed.nets = put(sealed.nets, net, { asn, country, lat, lon });
  }
}
