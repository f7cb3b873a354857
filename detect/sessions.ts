import type { DetectEvent } from "./detection.ts";
import { put } from "./light_maps.ts";
import type { OpenDay } from "./profile.ts";

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

/** noteSession keeps the first use of a workload session per place and key of this day. */
export function noteSession(day: OpenDay, event: DetectEvent): void {
  if (event.session_uid === null || !isWorkload(event)) return;
  const place = placeOf(event);
  if (place === null) return;
  let places = day.sessions.get(event.session_uid);
  if (!places) {
    if (day.sessions.size >= MAX_SESSIONS) return;
    places = new Map();
    day.sessions = put(day.sessions, event.session_uid, places);
  }
  let keys = places.get(place);
  if (!keys) {
    if (places.size >= MAX_PLACES) return;
    keys = new Map();
    places.set(place, keys);
  }
  const key = event.key_uid ?? "";
  const first = keys.get(key);
  if (!first) {
    if (keys.size < MAX_KEYS) keys.set(key, [event.time, event.event_uid]);
  } else if (event.time < first[0] || (event.time === first[0] && event.event_uid < first[1])) {
    keys.set(key, [event.time, event.event_uid]);
  }
}
