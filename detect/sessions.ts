import type { DetectEvent } from "./detection.ts";
import { noMap, put } from "./light_maps.ts";
import type { OpenDay, Sealed } from "./profile.ts";
import { noteCrowd } from "./session_crowd.ts";

/** Sessions of a day whose uses are kept; as many again where one of the others turns up at a second place. */
const MAX_SESSIONS = 256;
const MAX_PLACES = 16;
const MAX_KEYS = 200;

/** Amazon calls from its own machines come out of several autonomous systems: they are one place. */
const SAME_OWNER = new Map([
  [16509, "Amazon"],
  [14618, "Amazon"],
  [8987, "Amazon"],
  [15169, "Google"],
  [396982, "Google"],
  [8075, "Microsoft"],
  [8068, "Microsoft"],
]);

/**
 * placeOf names where a workload's session was used: its network owner, or the private class.
 * Null where the record cannot tell: through a VPC endpoint, by a service, without an address.
 */
export function placeOf(event: DetectEvent): string | null {
  if (event.vpc_endpoint !== null) return null;
  if (event.src_kind === "private") return "private";
  if (event.src_kind !== "ip") return null;
  if (event.asn === null) return event.src_net ?? event.src_ip;
  return SAME_OWNER.get(event.asn) ?? `AS${event.asn}`;
}

export const isWorkload = (event: Pick<DetectEvent, "session_kind">): boolean =>
  event.session_kind === "instance" || event.session_kind === "container" || event.session_kind === "function";

/**
 * noteSession keeps the first use of a workload session per place and key of this day. Of the sessions of a large role only the place is
 * kept, until one is used at a second one: which ones these are depends on the order of events, what is found of them does not.
 */
export function noteSession(day: OpenDay, event: DetectEvent, sealed: Sealed): void {
  const session = event.session_uid;
  if (session === null || !isWorkload(event)) return;
  const place = placeOf(event);
  if (place === null) return;
  let places = day.sessions.get(session) ?? noMap;
  if (places.size === 0 && day.sessions.size >= MAX_SESSIONS) {
    const first = noteCrowd(day, session, place, sealed);
    if (first === null || day.sessions.size >= 2 * MAX_SESSIONS) return;
    if (first !== "") places = put(places, first, noMap);
  }
  const keys = places.get(place) ?? noMap;
  if (keys.size === 0 && places.size >= MAX_PLACES) return;
  const key = event.key_uid ?? "";
  const first = keys.get(key);
  if (first ? !isEarlier(event, first) : keys.size >= MAX_KEYS) return;
  const uses = put<string, [number, string]>(keys, key, [event.time, event.event_uid]);
  day.sessions = put(day.sessions, session, put(places, place, uses));
}

const isEarlier = ({ time, event_uid }: DetectEvent, first: [number, string]): boolean =>
  time < first[0] || (time === first[0] && event_uid < first[1]);
