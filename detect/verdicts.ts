import { DAY_MS } from "../schemas/duration.ts";
import type { Verdict } from "../schemas/incident.ts";
import { settleCounts, unsettleCounts } from "./held_counts.ts";
import { type Pending, type Profile, type ValueDimension, valueDimensions } from "./profile.ts";
import { observeDay, unlearn } from "./values.ts";

/** VerdictInput is what a person said of an incident, or took back: input of detection like an event, and replayed like one. */
export interface VerdictInput {
  subject_uid: string;
  incident_uid: string;
  /** Number of the transition: of one incident the last one before a day holds. */
  n: number;
  /** ms; it holds from the next UTC day on, so that no order within a day enters. */
  effective_at: number;
  /** Null where the incident was reopened. */
  verdict: Verdict | null;
  finding_uids: string[];
  /** Other subjects that it speaks of. */
  members: string[];
}

/** shortUid is enough of a finding's uid to know it again within one subject. */
export const shortUid = (uid: string): string => uid.slice(0, 8);

/** VerdictBook has the verdicts of each subject at hand. */
export interface VerdictBook {
  /** Takes the whole list over. */
  set(verdicts: readonly VerdictInput[]): void;
  /** Lets what was said before the day begin to hold for a profile. */
  settle(profile: Profile, day: number): void;
}

const FLEET = /^fleet:shared_new_source:[^:]*:(.*)$/;

export function createVerdictBook(): VerdictBook {
  let bySubject = new Map<string, VerdictInput[]>();
  return {
    set(verdicts) {
      bySubject = new Map();
      for (const v of [...verdicts].sort((a, b) => a.effective_at - b.effective_at || a.n - b.n)) {
        for (const subject of new Set([v.subject_uid, ...v.members])) {
          const list = bySubject.get(subject);
          if (list) list.push(v);
          else bySubject.set(subject, [v]);
        }
      }
    },
    settle(profile, day) {
      const verdicts = bySubject.get(profile.subject_uid);
      if (verdicts === undefined || profile.pending.size === 0) return;
      const last = new Map<string, VerdictInput>();
      for (const v of verdicts) if (v.effective_at < day * DAY_MS) last.set(v.incident_uid, v);
      for (const v of last.values()) settleOne(profile, v);
    },
  };
}

function settleOne(profile: Profile, v: VerdictInput): void {
  const uids = new Set(v.finding_uids.map(shortUid));
  const shared = FLEET.exec(v.subject_uid)?.[1];
  // A shared source: what the key's own finding about that network held back goes with it.
  for (const dimension of shared === undefined ? [] : ["asn", "net"])
    for (const uid of profile.pending.get(`${dimension}\u001f${shared}`)?.by ?? []) uids.add(uid);
  for (const [key, pending] of profile.pending) {
    if (!(pending.by ?? []).some((uid) => uids.has(uid))) continue;
    if (v.verdict === null) takeBack(profile, key, pending);
    else if (v.verdict === "true_positive") {
      takeBack(profile, key, pending);
      pending.verdict = "never";
    } else learn(profile, key, pending);
  }
}

function learn(profile: Profile, key: string, pending: Pending): void {
  if (pending.verdict === "learned") return;
  pending.verdict = "learned";
  const [dimension = "", value = ""] = key.split("\u001f");
  if (isValue(dimension)) observeDay(profile.sealed.values[dimension], value, pending.last, pending.days);
  else if (dimension === "hour") profile.sealed.hours[Number(value)]! += pending.days;
  else if (dimension === "count") settleCounts(profile, value, pending);
  profile.dirty = true;
}

function takeBack(profile: Profile, key: string, pending: Pending): void {
  const [dimension = "", value = ""] = key.split("\u001f");
  if (pending.verdict === "learned" && isValue(dimension)) {
    unlearn(profile.sealed.values[dimension], value);
  } else if (pending.verdict === "learned" && dimension === "hour") {
    const { hours } = profile.sealed;
    hours[Number(value)] = Math.max(0, hours[Number(value)]! - pending.days);
  } else if (pending.verdict === "learned" && dimension === "count") unsettleCounts(profile, value, pending);
  delete pending.verdict;
  profile.dirty = true;
}

const isValue = (dimension: string): dimension is ValueDimension =>
  (valueDimensions as readonly string[]).includes(dimension);
