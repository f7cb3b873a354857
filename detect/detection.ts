import type { ApiActivity } from "../schemas/activity.ts";
import type { Anomaly } from "../schemas/finding.ts";
import type { Severity } from "../schemas/severity.ts";
import type { KeyPolicy } from "./inventory_index.ts";
import type { ValueDimension } from "./profile.ts";
import type { View } from "./view.ts";

/** DetectEvent is the part of an ApiActivity that detection reads; raw text never comes here. */
export type DetectEvent = Omit<ApiActivity, "raw" | "ingested_at" | "position" | "region_geo" | "scopes"> & {
  /** When it arrived, ms; only of those that are judged as they come. */
  ingested_at?: number;
};

/** detectPart copies what detection reads: whatever is kept must not hold on to the raw record. */
export function detectPart(e: DetectEvent): DetectEvent {
  const {
    event_uid,
    provider,
    account,
    time,
    seq,
    key_uid,
    key_hint,
    key_type,
    subject_uid,
    session_uid,
    session_kind,
  } = e;
  const { principal_uid, principal, principal_type, operation, service, verb_class, outcome, error_code, status_code } =
    e;
  const { src_kind, src_ip, src_net, asn, as_org, country, city, lat, lon, hosting, vpc_endpoint } = e;
  const { user_agent, user_agent_family, region, resources, environment, bytes_out, secrets } = e;
  return {
    ...{ event_uid, provider, account, time, seq, key_uid, key_hint, key_type, subject_uid, session_uid, session_kind },
    ...{ principal_uid, principal, principal_type, operation, service, verb_class, outcome, error_code, status_code },
    ...{ src_kind, src_ip, src_net, asn, as_org, country, city, lat, lon, hosting, vpc_endpoint },
    ...{ user_agent, user_agent_family, region, resources, environment, bytes_out, secrets },
  };
}

/** Evidence is a set of triggering events: the oldest 50 uids, and how many there were. */
export interface Evidence {
  /** (time, uid), oldest first, at most MAX_EVENT_UIDS. */
  events: [number, string][];
  count: number;
  first: number;
  last: number;
}

/** Habit names a value of a subject that a finding keeps out of the baseline until it is confirmed. */
export interface Habit {
  dimension: HabitDimension;
  value: string;
}
/** Of counts the value names which: they are held back a day at a time. */
export type HabitDimension = ValueDimension | "hour" | "session" | "count";

/** Hit is what a detection says: everything that the alert will tell is in it. */
export interface Hit {
  /** Part of the uid: what the finding is about; "" where the detection and the bucket say it all. */
  dimension: string;
  level: Severity;
  reasons: string[];
  quiet_if?: string[];
  anomaly: Omit<Anomaly, "history" | "explanation">;
  /** Start of the aligned bucket, ms; the UTC day of the event where it is left out. */
  bucket?: number;
  /** The whole evidence where a window gathered it; else the judged event is added to what the finding has. */
  evidence?: Evidence;
  /** True where the first event of each quarter of an hour triggers, and those behind it are more of the same. */
  firstOnly?: boolean;
  /** Events that explain the finding beside the judged one, such as the first use at the other place. */
  also?: [number, string][];
  /** Values that must not be learned from this. */
  holds?: Habit[];
  /** The key administers anyway: that this call does makes it neither more severe nor more of a risk than a write. */
  usualAdmin?: boolean;
  /** What other keys may share with this one, for detections that look at many. */
  signal?: { kind: string; value: string };
}

interface Header {
  /** Equals the file name. */
  id: string;
  /** Rises when the meaning changes: it is part of the finding uid. */
  version: number;
  title: string;
  level: Severity;
  /** Weight in the risk of an incident, 0..1 (docs/detections.md lists them). */
  weight: number;
  /** MITRE ATT&CK, as `attack.t1078.004`. */
  tags: string[];
  /** Facts without which it is silent. */
  needs: string[];
  /** What to do, in order; {key_hint}, {owner}, {operation}, {first_seen}, {principal} are filled in. */
  runbook: string[];
  falsePositives: string[];
}

/** Policy needs no learning: it compares one event with what the owner declared, and fires on the first one. */
export interface Policy extends Header {
  kind: "policy";
  /** True when it also judges events of keys that the inventory does not know; `key` is null then. */
  undeclared: boolean;
  /** Asked again of calls that came before the log said that their key had been revoked. */
  ofRevoked?: true;
  check(event: DetectEvent, key: KeyPolicy | null, context: PolicyContext): Hit | null;
  /** For conditions of a key that no single event shows: asked once a day of event time; check says nothing then. */
  posture?(key: KeyPolicy, facts: PostureFacts): Hit | null;
}

/** Days without use that say something, and that a key is watched before they do. */
export const POSTURE_DAYS = 90;

/** PostureFacts is what the events before a UTC day say of the use of a declared key; times in ms. */
export interface PostureFacts {
  /** Start of the day. */
  now: number;
  /** Since when the key is declared, or its provider's log is read, whichever is later. */
  watchedSince: number;
  /** First call that is known; null where there is none. */
  firstUse: number | null;
  events: number;
  /** `service:Operation` of the calls of the last POSTURE_DAYS days. */
  operations: string[];
}

export interface PolicyContext {
  /** When the log itself said that the key was deleted or disabled, ms; null when it did not. */
  revokedInLog: number | null;
  /** Time that the provider needs until a revoked key stops working, ms. */
  propagationMs: number;
  /** The inventory says that it lists every key of this provider, and this one is not in it. */
  unlisted: boolean;
}

/**
 * Baseline judges an event of day D against what was sealed before D and D's own monotone counts (DESIGN.md, section 3),
 * so that neither batch size nor order within lateness changes a verdict.
 */
export interface Baseline extends Header {
  kind: "baseline";
  /** Speaks before the learning gate has opened; its findings are marked. */
  whileLearning: boolean;
  /** Written by the operator in YAML: it learns nothing. */
  rule?: true;
  /** Cheap filter before judge; leaving it out means every event. */
  applies?(event: DetectEvent): boolean;
  /** Events of a subject and day with the same text get the same verdict: a calm one is not asked for again. */
  sameAs?(event: DetectEvent, view: View): string;
  /** At each event, after it was counted. Must be monotone: more events never take the hit back. */
  judge?(event: DetectEvent, view: View): Hit | null;
  /** Once, when the aligned 15-minute window is complete: ratios. */
  close?(view: View): Hit | null;
}

export const definePolicy = (policy: Omit<Policy, "kind">): Policy => ({ kind: "policy", ...policy });
export const definePosture = (
  policy: Omit<Policy, "kind" | "check" | "undeclared" | "posture"> & { posture: NonNullable<Policy["posture"]> },
): Policy => ({ kind: "policy", undeclared: false, check: () => null, ...policy });
export const defineBaseline = (baseline: Omit<Baseline, "kind">): Baseline => ({ kind: "baseline", ...baseline });
