import { DAY_MS } from "../schemas/duration.ts";
import { type Finding, inEventOrder } from "../schemas/finding.ts";
import { coverOf, SHARED_MS } from "../schemas/fleet.ts";
import { type Command, type Incident, incidentUid, type Transition, type TransitionKind } from "../schemas/incident.ts";
import { atLeast, maxSeverity, severityId } from "../schemas/severity.ts";
import { isCombination } from "./combination.ts";
import { applyCommand } from "./command.ts";
import { type Digest, digestOf } from "./digest.ts";
import { fold, riskOf } from "./fold.ts";
import type { Heard } from "./targets.ts";

/** Findings of one subject closer than this in event time are one incident. */
export const EPISODE_GAP_MS = DAY_MS;
/** How long programs repeat themselves after their provider failed, ms. */
const ECHO_MS = DAY_MS / 24;
/** Weak findings that one subject may have waiting. */
export const MAX_HELD = 200;
/** Findings that one incident lists; beyond it only one that raises the severity enters. */
export const MAX_FINDINGS = 1_000;

/** Episode is an incident with the findings and commands that made it. */
export interface Episode {
  incident: Incident;
  known: Map<string, Digest>;
  commands: Set<string>;
  /** Channels that were told of it; kept by the alerter, nothing here reads it. */
  heard: Heard;
}

/** Subject is all that is known of one subject: weak findings that wait for a second signal, and its incidents. */
export interface Subject {
  held: Map<string, Digest>;
  episodes: Episode[];
}

export const newSubject = (): Subject => ({ held: new Map(), episodes: [] });

/** Decided is a transition and what it brought in: with these the episode can be rebuilt. */
export interface Decided {
  transition: Transition;
  findings: Digest[];
  /** True where a finding of medium or more began or grew: enough to tell of an incident that nobody heard of. */
  fresh: boolean;
}

/**
 * IncidentBook decides what findings and commands do to incidents. It reads no clock and does no I/O.
 * The same finding in the same version, or the same command again, decides nothing: a replay is silent.
 */
export interface IncidentBook {
  apply(finding: Finding, now: number): Decided[];
  /** Decides what a person asked for; null when nothing changes. Throws a sentence when it cannot be done. */
  command(subjectUid: string, command: Command, now: number): Decided | null;
  /** Resolves without a verdict because it has been quiet; null when it was resolved meanwhile. */
  expire(subjectUid: string, uid: string, now: number, note: string): Decided | null;
  /** Notes that it is told again; null when that is not needed any more. */
  remind(subjectUid: string, uid: string, now: number, note: string): Decided | null;
  subject(uid: string): Subject | undefined;
  set(uid: string, subject: Subject): void;
  forget(uid: string): void;
  /** Forgets the subjects longest untouched until at most `max` are left. */
  trim(max: number): void;
}

export function createBook(): IncidentBook {
  const subjects = new Map<string, Subject>();
  const touch = (uid: string): Subject => {
    const subject = subjects.get(uid) ?? newSubject();
    subjects.delete(uid);
    subjects.set(uid, subject);
    return subject;
  };
  const episodeOf = (subjectUid: string, uid: string): Episode => {
    const episode = touch(subjectUid).episodes.find((e) => e.incident.uid === uid);
    if (!episode) throw new Error(`There is no incident ${uid}.`);
    return episode;
  };
  return {
    apply(finding, now) {
      const covers = subjects.get(coverOf(finding) ?? "");
      const decided = applyFinding(touch(finding.subject_uid), finding, now, covers && isCovered(covers, finding));
      if (finding.detection !== "shared_new_source") return decided;
      const whole = touch(finding.subject_uid).episodes.at(-1);
      if (!whole) return decided;
      const members = (finding.members ?? []).flatMap((uid) => subjects.get(uid) ?? []);
      return [...decided, ...members.flatMap((member) => mergeInto(whole.incident, member, now))];
    },
    command(subjectUid, command, now) {
      const episode = episodeOf(subjectUid, command.incident_uid);
      if (episode.commands.has(command.id)) return null;
      const change = applyCommand(episode.incident, command);
      if (change === null) return null;
      episode.commands.add(command.id);
      const by = { actor: command.actor, command_id: command.id, note: change.note };
      return step(episode, change.kind, change.state, Math.min(command.at, now), by);
    },
    expire(subjectUid, uid, now, note) {
      const episode = episodeOf(subjectUid, uid);
      const { status } = episode.incident;
      if (status === "resolved" || status === "merged_into") return null;
      return step(episode, "resolved", { status: "resolved" }, now, { note });
    },
    remind(subjectUid, uid, now, note) {
      const episode = episodeOf(subjectUid, uid);
      const { status, updated_at } = episode.incident;
      if (status !== "open" && status !== "reopened") return null;
      const decided = step(episode, "reminded", {}, now, { note });
      // Telling it again is no sign of life: it may still be resolved for being quiet.
      episode.incident = { ...episode.incident, updated_at };
      return { ...decided, transition: { ...decided.transition, state: episode.incident } };
    },
    subject: (uid) => subjects.get(uid),
    set: (uid, subject) => void subjects.set(uid, subject),
    forget: (uid) => void subjects.delete(uid),
    trim(max) {
      for (const uid of subjects.keys()) {
        if (subjects.size <= max) break;
        subjects.delete(uid);
      }
    },
  };
}

/** applyFinding folds one finding into what is known of its subject. */
export function applyFinding(subject: Subject, finding: Finding, now: number, covered = false): Decided[] {
  const whole = digestOf(finding);
  // What happened to many keys is told once; of the single key it is a weak sign.
  const digest = covered && atLeast(whole.severity, "medium") ? { ...whole, severity: "low" as const } : whole;
  const decided = place(subject, digest, now);
  const over = decided.flatMap(({ transition }) => endIfOver(subject, transition.incident_uid, now));
  return [...decided, ...over];
}

/** place puts a finding into the incident that it belongs to, or into a new one. */
function place(subject: Subject, digest: Digest, now: number): Decided[] {
  const owner = subject.episodes.find((e) => e.incident.status !== "merged_into" && e.known.has(digest.uid));
  if (owner) return owner.known.get(digest.uid)!.version >= digest.version ? [] : join(subject, owner, digest, now);
  const near = nearest(subject.episodes, digest);
  if (near) return join(subject, near, digest, now);
  if (digest.severity === "informational" && !digest.members) return [];
  const waiting = subject.held.get(digest.uid);
  if (waiting && waiting.version >= digest.version) return [];
  hold(subject, digest);
  return open(subject, digest, now);
}

/** endIfOver resolves an incident whose every finding is over by itself, such as the silence of a source. */
function endIfOver(subject: Subject, uid: string, now: number): Decided[] {
  const episode = subject.episodes.find((e) => e.incident.uid === uid)!;
  const { status } = episode.incident;
  if (status === "resolved" || status === "merged_into") return [];
  if ([...episode.known.values()].some((d) => d.ended === undefined)) return [];
  return [step(episode, "resolved", { status: "resolved" }, now, { note: "over by itself" })];
}

/** open begins an incident when the finding, alone or with those that wait, is enough (DETECTION.md, section 7). */
function open(subject: Subject, digest: Digest, now: number): Decided[] {
  const group = within(subject.held, digest.first_seen, digest.last_seen);
  const alone = atLeast(digest.severity, "medium") || (digest.severity === "informational" && digest.members);
  if (!alone && !isCombination(group) && riskOf(group) < 60) return [];
  const findings = takeHeld(subject, digest.first_seen, digest.last_seen);
  const known = new Map(findings.map((d) => [d.uid, d]));
  const incident: Incident = {
    uid: incidentUid(digest.uid),
    ...fold(findings),
    status: "open",
    verdict: null,
    assignee: null,
    merged_into: null,
    opened_at: now,
    updated_at: now,
    n: 0,
  };
  const episode: Episode = { incident, known, commands: new Set(), heard: new Map() };
  subject.episodes.push(episode);
  return [{ ...step(episode, "opened", {}, now, {}), findings, fresh: true }];
}

/** join adds a finding, or a newer version of one, to an incident that is near enough. */
function join(subject: Subject, episode: Episode, digest: Digest, now: number): Decided[] {
  const { incident, known } = episode;
  const isNew = !known.has(digest.uid);
  const rises = severityId(digest.severity) > severityId(incident.severity);
  if (isNew && known.size >= MAX_FINDINGS && !rises) return [];
  subject.held.delete(digest.uid);
  known.set(digest.uid, digest);
  let folded = fold(known.values());
  const late = takeHeld(subject, folded.first_seen, folded.last_seen);
  for (const d of late) known.set(d.uid, d);
  if (late.length > 0) folded = fold(known.values());
  const state = { ...folded, severity: maxSeverity(incident.severity, folded.severity) };
  const reopened = incident.status === "resolved" && reopens(incident, digest, isNew);
  const kind: TransitionKind = reopened ? "reopened" : rises ? "escalated" : "updated";
  const change = reopened ? { ...state, status: "reopened" as const, verdict: null } : state;
  const note = kind === "escalated" ? `${incident.severity} -> ${digest.severity}: ${digest.title}` : digest.title;
  const fresh = atLeast(digest.severity, "medium");
  return [{ ...step(episode, kind, change, now, { note }), findings: [digest, ...late], fresh }];
}

/**
 * isCovered tells whether an incident of many keys explains what one of them did: who follows a move belongs to it, and what programs
 * do while their provider fails is its echo. One that people found to be an attack explains nothing away.
 */
function isCovered(fleet: Subject, finding: Finding): boolean {
  return fleet.episodes.some(({ incident: { first_seen, last_seen, verdict, detections } }) => {
    if (verdict === "true_positive") return false;
    if (detections.includes("provider_degraded"))
      return finding.last_seen >= first_seen && finding.first_seen <= last_seen + ECHO_MS;
    return Math.abs(finding.first_seen - first_seen) <= SHARED_MS;
  });
}

/** mergeInto ends a key's own incidents that tell nothing beyond what the incident of many keys does. */
function mergeInto(whole: Incident, member: Subject, now: number): Decided[] {
  return member.episodes.flatMap((episode) => {
    const { status, first_seen } = episode.incident;
    if (status === "resolved" || status === "merged_into") return [];
    if (Math.abs(first_seen - whole.first_seen) > SHARED_MS) return [];
    const telling = [...episode.known.values()].filter((d) => atLeast(d.severity, "medium"));
    if (telling.length === 0 || telling.some((d) => d.cover !== whole.subject_uid)) return [];
    for (const d of episode.known.values())
      member.held.set(d.uid, atLeast(d.severity, "medium") ? { ...d, severity: "low" } : d);
    const change = { status: "merged_into" as const, merged_into: whole.uid };
    return [step(episode, "merged", change, now, { note: whole.title })];
  });
}

/**
 * reopens tells whether a finding wakes a resolved incident. An incident that people found real, or that only went quiet,
 * wakes at any new finding >= medium; one that they called harmless wakes for another detection or a higher severity.
 */
function reopens(incident: Incident, digest: Digest, isNew: boolean): boolean {
  if (!atLeast(digest.severity, "medium")) return false;
  if (severityId(digest.severity) > severityId(incident.severity)) return true;
  if (!isNew) return false;
  if (incident.verdict === null || incident.verdict === "true_positive") return true;
  return !incident.detections.includes(digest.detection);
}

/** step writes the next line of the incident's log. */
function step(
  episode: Episode,
  kind: TransitionKind,
  change: Partial<Incident>,
  now: number,
  by: { actor?: string; command_id?: string; note?: string },
): Decided {
  const before = episode.incident;
  episode.incident = { ...before, ...change, n: before.n + 1, updated_at: Math.max(now, before.updated_at) };
  const { actor = "keywatch", command_id = "", note = "" } = by;
  const { uid, n } = episode.incident;
  return {
    transition: { incident_uid: uid, n, kind, at: now, actor, command_id, note, state: episode.incident },
    findings: [],
    fresh: false,
  };
}

/** nearest gives the incident whose span lies within a day of the finding: an unresolved one first, then the latest. */
function nearest(episodes: readonly Episode[], digest: Digest): Episode | null {
  let best: Episode | null = null;
  for (const e of episodes) {
    const { status, first_seen, last_seen } = e.incident;
    if (status === "merged_into" || !close(digest, first_seen, last_seen)) continue;
    if (best === null || preference(e) > preference(best)) best = e;
  }
  return best;
}
const preference = (e: Episode): number => e.incident.last_seen + (e.incident.status === "resolved" ? 0 : 1e15);

const close = (d: Digest, first: number, last: number): boolean =>
  d.first_seen - last < EPISODE_GAP_MS && first - d.last_seen < EPISODE_GAP_MS;

const within = (held: Map<string, Digest>, first: number, last: number): Digest[] =>
  [...held.values()].filter((d) => close(d, first, last));

function takeHeld(subject: Subject, first: number, last: number): Digest[] {
  const taken = within(subject.held, first, last);
  for (const d of taken) subject.held.delete(d.uid);
  return taken;
}

/** hold keeps a finding waiting; those a day older than the newest, and the oldest beyond the bound, leave. */
function hold(subject: Subject, digest: Digest): void {
  const { held } = subject;
  held.set(digest.uid, digest);
  let newest = 0;
  for (const d of held.values()) newest = Math.max(newest, d.last_seen);
  for (const d of held.values()) if (newest - d.last_seen >= EPISODE_GAP_MS && d !== digest) held.delete(d.uid);
  if (held.size <= MAX_HELD) return;
  const oldest = [...held.values()].filter((d) => d !== digest).sort((a, b) => a.last_seen - b.last_seen);
  for (const d of oldest.slice(0, held.size - MAX_HELD)) held.delete(d.uid);
}

export interface ScanOptions {
  /** Leaves out incidents below this severity. */
  minSeverity?: Incident["severity"];
}

/** incidentsOf folds a closed list of findings into incidents, worst first; nothing is stored. Time is event time. */
export function incidentsOf(findings: readonly Finding[], options: ScanOptions = {}): Incident[] {
  const book = createBook();
  const incidents = new Map<string, Incident>();
  for (const finding of inEventOrder(findings)) {
    for (const { transition } of book.apply(finding, finding.last_seen)) {
      incidents.set(transition.incident_uid, transition.state);
    }
  }
  const own = [...incidents.values()].filter((i) => i.status !== "merged_into");
  return own.filter((i) => atLeast(i.severity, options.minSeverity ?? "low")).sort(worstFirst);
}

export const worstFirst = (a: Incident, b: Incident): number =>
  severityId(b.severity) - severityId(a.severity) ||
  b.risk - a.risk ||
  a.first_seen - b.first_seen ||
  (a.uid < b.uid ? -1 : 1);
