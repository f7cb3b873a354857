import { DAY_MS, dayOf, HOUR_MS } from "../../schemas/duration.ts";
import type { DetectEvent, Evidence } from "../detection.ts";
import { drop, type LightMap, noMap, put } from "../light_maps.ts";
import type { Profile } from "../profile.ts";
import { addEvidence, emptyEvidence } from "../windows.ts";

/** Entry is a matching event: `of` are its values, or the steps that it can be. */
export interface Entry {
  time: number;
  uid: string;
  of: (string | number)[];
  /** Last UTC day on which it was part of a finding; -1 before. */
  told: number;
}

/** RuleState is what one rule remembers of one subject and group. It travels with the profile, so a restart loses nothing. */
export interface RuleState {
  entries: Entry[];
  /** By UTC day of the event that completed it: what the day's finding holds. */
  days: LightMap<number, { evidence: Evidence; most: number }>;
}

/** Events this much later than the newest one still find what they belong to: the longest lateness of a provider. */
const SLACK_MS = 3 * HOUR_MS;
/** Matching events remembered a rule, subject and group; and groups a rule and subject. */
export const MAX_ENTRIES = 2_000;
export const MAX_GROUPS = 64;

/** stateOf gives the state of a rule, subject and group, made when missing; the group untouched for longest leaves. */
export function stateOf(profile: Profile, rule: string, group: string): RuleState {
  profile.rules ??= noMap;
  const key = `${rule}\u001f${group}`;
  let state = profile.rules.get(key);
  if (state === undefined) {
    const others = [...profile.rules].filter(([other]) => other.startsWith(`${rule}\u001f`));
    if (others.length >= MAX_GROUPS) {
      others.sort((a, b) => newest(a[1]) - newest(b[1]) || (a[0] < b[0] ? -1 : 1));
      profile.rules = drop(profile.rules, others[0]![0]);
    }
    state = { entries: [], days: noMap };
    profile.rules = put(profile.rules, key, state);
  }
  return state;
}

const newest = (state: RuleState): number => state.entries.at(-1)?.time ?? 0;

/** insert puts a matching event into its place by (time, uid), forgets what no window can reach, and gives where it stands. */
export function insert(state: RuleState, event: DetectEvent, of: (string | number)[], spanMs: number): number {
  const { entries } = state;
  let at = entries.length;
  while (at > 0) {
    const { time, uid } = entries[at - 1]!;
    if (time < event.time || (time === event.time && uid < event.event_uid)) break;
    if (time === event.time && uid === event.event_uid) return at - 1;
    at--;
  }
  entries.splice(at, 0, { time: event.time, uid: event.event_uid, of, told: -1 });
  const oldest = newest(state) - spanMs - SLACK_MS;
  let gone = Math.max(0, entries.length - MAX_ENTRIES);
  while (gone < entries.length && entries[gone]!.time < oldest) gone++;
  if (gone > 0) entries.splice(0, gone);
  for (const day of state.days.keys())
    if (day < dayOf(newest(state)) - Math.ceil((spanMs + SLACK_MS) / DAY_MS)) state.days = drop(state.days, day);
  return at - gone;
}

/** tell adds entries to the finding of a day, each once. Gives whether any was new. */
export function tell(state: RuleState, day: number, entries: readonly Entry[], most: number): boolean {
  const known = state.days.get(day) ?? { evidence: emptyEvidence(), most: 0 };
  state.days = put(state.days, day, known);
  const before = known.evidence.count;
  for (const entry of entries) {
    if (entry.told >= day) continue;
    entry.told = day;
    addEvidence(known.evidence, entry.time, entry.uid);
  }
  const grew = known.evidence.count > before || most > known.most;
  known.most = Math.max(known.most, most);
  return grew;
}
