import { iso } from "../schemas/duration.ts";
import type { Incident, Transition } from "../schemas/incident.ts";
import { messagesOfIncidents } from "../schemas/queries/outbox.ts";
import { episodesOfSubjects, heldOfSubjects, type TransitionLine } from "../schemas/queries/transitions.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Digest } from "./digest.ts";
import { type Decided, newSubject, type Subject } from "./incident.ts";
import type { Known, Told } from "./repair.ts";
import { hear, type Target, target } from "./targets.ts";

/** Subjects asked for in one query. */
const CHUNK = 500;

/** Written is a decided transition with those who are to hear of it: one line of the log. */
export interface Written {
  subjectUid: string;
  decided: Decided;
  targets: Target[];
}

/** writeLedger stores transitions, weak findings that wait, and messages: one insert each, the log first. */
export async function writeLedger(
  store: Store,
  lines: readonly Written[],
  held: readonly { subjectUid: string; digest: Digest }[],
  messageRows: readonly object[],
): Promise<void> {
  await store.insert("transitions", lines.map(transitionRow));
  // Of each incident the last state of this call: rows before it would only be replaced.
  const states = new Map(lines.map(({ decided: { transition: t } }) => [t.incident_uid, t.state]));
  await writeIncidents(store, states.values());
  await store.insert(
    "held_findings",
    held.map(({ subjectUid, digest }) => ({
      subject_uid: subjectUid,
      finding_uid: digest.uid,
      version: digest.version,
      last_seen: iso(digest.last_seen),
      document: JSON.stringify(digest),
    })),
  );
  await store.insert("messages", messageRows);
}

/** writeIncidents stores the newest states for lists and look-ups. */
export const writeIncidents = (store: Store, incidents: Iterable<Incident>): Promise<void> =>
  store.insert("incidents", Array.from(incidents, incidentRow));

/** readSubjects rebuilds what is known of the subjects from the log; a subject without history is new. */
export async function readSubjects(store: Store, uids: readonly string[]): Promise<Map<string, Subject>> {
  const found = new Map<string, Subject>(uids.map((uid) => [uid, newSubject()]));
  for (let i = 0; i < uids.length; i += CHUNK) {
    const subjects = uids.slice(i, i + CHUNK);
    for (const row of await store.ask(episodesOfSubjects, { subjects })) {
      const incident = JSON.parse(row.state) as Incident;
      const known = new Map<string, Digest>();
      for (const text of row.findings) {
        for (const digest of JSON.parse(text) as Digest[]) {
          if ((known.get(digest.uid)?.version ?? -1) < digest.version) known.set(digest.uid, digest);
        }
      }
      const heard = new Map<string, Target>();
      for (const [, text] of row.targets) hear(heard, targetsOf(text));
      found.get(incident.subject_uid)!.episodes.push({ incident, known, commands: new Set(row.command_ids), heard });
    }
    for (const row of await store.ask(heldOfSubjects, { subjects })) {
      const digest = JSON.parse(row.document) as Digest;
      const subject = found.get(row.subject_uid)!;
      if (!subject.episodes.some((e) => e.known.has(digest.uid))) subject.held.set(digest.uid, digest);
    }
  }
  return found;
}

/** readTold gives what the log told about these subjects, and what the outbox holds of it. */
export async function readTold(store: Store, subjects: readonly string[]): Promise<{ told: Told[]; known: Known[] }> {
  const told: Told[] = [];
  for (const row of await store.ask(episodesOfSubjects, { subjects })) {
    const { subject_uid } = JSON.parse(row.state) as Incident;
    const { incident_uid } = row;
    for (const [n, text] of row.targets) told.push({ subject_uid, incident_uid, n, targets: targetsOf(text) });
  }
  const incidents = [...new Set(told.map((t) => t.incident_uid))];
  const known = incidents.length > 0 ? await store.ask(messagesOfIncidents, { incidents }) : [];
  return { told, known };
}

/** targetsOf reads the `targets` column of a transition. */
export const targetsOf = (text: string): Target[] => target.array().parse(JSON.parse(text));

/** toTransition reads a line of the log. */
export const toTransition = ({ state, ...line }: TransitionLine): Transition => ({
  ...line,
  state: JSON.parse(state) as Incident,
});

function transitionRow({ subjectUid, decided, targets }: Written): object {
  const { incident_uid, n, kind, at, actor, command_id, note, state } = decided.transition;
  return {
    subject_uid: subjectUid,
    incident_uid,
    n,
    kind,
    at: iso(at),
    actor,
    command_id,
    note,
    severity: state.severity,
    status: state.status,
    findings: JSON.stringify(decided.findings),
    targets: JSON.stringify(targets),
    state: JSON.stringify(state),
  };
}

function incidentRow(state: Incident): object {
  const { uid, n, subject_uid, key_uid, key_hint, key_name, provider, owner, environment } = state;
  const { title, severity, status, verdict, assignee, risk } = state;
  return {
    ...{ uid, n, subject_uid, key_uid, key_hint, key_name, provider, owner, environment },
    ...{ title, severity, status, verdict, assignee, risk },
    first_seen: iso(state.first_seen),
    last_seen: iso(state.last_seen),
    opened_at: iso(state.opened_at),
    updated_at: iso(state.updated_at),
    document: JSON.stringify(state),
  };
}
