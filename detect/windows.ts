import { byEventTime } from "../schemas/activity.ts";
import { alignTo, MINUTE_MS } from "../schemas/duration.ts";
import { MAX_EVENT_UIDS } from "../schemas/finding.ts";
import { type DetectEvent, detectPart, type Evidence } from "./detection.ts";
import { type LightMap, noMap, put } from "./light_maps.ts";

export const WINDOW_MS = 15 * MINUTE_MS;
export const NETWORK_WINDOW_MS = 30 * MINUTE_MS;
/** More distinct denied operations than this are not told apart. */
const MAX_OPERATIONS = 256;

/** CallWindow counts the calls of one aligned quarter of an hour, or of one that straddles an edge (start at 7.5 min). */
export interface CallWindow {
  start: number;
  /** Calls whose outcome says allowed or not: success, denied, unauthenticated. */
  judged: number;
  denied: number;
  /** All calls, and those that the provider itself failed: 5xx and 429. */
  calls: number;
  failed: number;
  /** Denied calls by `service:operation`. */
  operations: LightMap<string, number>;
  evidence: Evidence;
  /** The oldest denied call: its key and words stand for the window. */
  lead: DetectEvent | null;
  /** Detections that already spoke of this window. */
  fired: string[];
}

/** NetworkWindow holds the networks that one key was used from in half an hour, each with its first event and last time. */
export interface NetworkWindow {
  start: number;
  networks: LightMap<string, [time: number, uid: string, last: number, owner: string]>;
}

export const emptyEvidence = (): Evidence => ({ events: [], count: 0, first: Number.MAX_SAFE_INTEGER, last: 0 });

/** addEvidence counts one event and keeps its uid while it is among the oldest 50; neither its order of arrival nor a twin of those matters. */
export function addEvidence(evidence: Evidence, time: number, uid: string): void {
  if (!insertSorted(evidence.events, time, uid)) return;
  evidence.count++;
  if (time < evidence.first) evidence.first = time;
  if (time > evidence.last) evidence.last = time;
}

/** addFirst keeps the oldest event of each quarter of an hour, and counts these. */
export function addFirst(evidence: Evidence, time: number, uid: string): void {
  if (time < evidence.first) evidence.first = time;
  if (time > evidence.last) evidence.last = time;
  const quarter = alignedStart(time);
  const at = evidence.events.findIndex(([t]) => alignedStart(t) === quarter);
  if (at >= 0) {
    const [t, u] = evidence.events[at]!;
    if (t < time || (t === time && u <= uid)) return;
    evidence.events.splice(at, 1);
  }
  insertSorted(evidence.events, time, uid);
  evidence.count = evidence.events.length;
}

/** insertSorted keeps (time, uid) in order, at most MAX_EVENT_UIDS; false for a twin. */
export function insertSorted(events: [number, string][], time: number, uid: string): boolean {
  let i = events.length;
  while (i > 0) {
    const [t, u] = events[i - 1]!;
    if (t < time || (t === time && u < uid)) break;
    if (t === time && u === uid) return false;
    i--;
  }
  if (i >= MAX_EVENT_UIDS) return true;
  events.splice(i, 0, [time, uid]);
  if (events.length > MAX_EVENT_UIDS) events.pop();
  return true;
}

/** Most windows see no denied call: these share the empty parts, which countDenied replaces before anything is written to them. */
const noEvidence: Evidence = emptyEvidence();
const noneFired: string[] = [];

export const newCallWindow = (start: number): CallWindow => ({
  start,
  judged: 0,
  denied: 0,
  calls: 0,
  failed: 0,
  operations: noMap,
  evidence: noEvidence,
  lead: null,
  fired: noneFired,
});

/** alignedStart and straddlingStart are the two windows that hold a moment. */
export const alignedStart = (time: number): number => alignTo(time, WINDOW_MS);
export const straddlingStart = (time: number): number => alignTo(time - WINDOW_MS / 2, WINDOW_MS) + WINDOW_MS / 2;
export const isAligned = (window: { start: number }): boolean => window.start % WINDOW_MS === 0;

/** countDenied adds a denied call to the window. */
export function countDenied(window: CallWindow, operation: string, event: DetectEvent): void {
  if (window.denied++ === 0) {
    window.evidence = emptyEvidence();
    window.fired = [];
  }
  const { time, event_uid: uid } = event;
  if (window.lead === null || byEventTime(event, window.lead) < 0) window.lead = detectPart(event);
  const n = window.operations.get(operation);
  if (n !== undefined || window.operations.size < MAX_OPERATIONS)
    window.operations = put(window.operations, operation, (n ?? 0) + 1);
  addEvidence(window.evidence, time, uid);
}
