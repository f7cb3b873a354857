import { type Finding, inEventOrder } from "../schemas/finding.ts";
import { coverOf } from "../schemas/fleet.ts";
import type { Digest } from "./digest.ts";
import type { Decided, IncidentBook } from "./incident.ts";
import type { Target } from "./targets.ts";

/** Draft is a transition that is decided and not stored yet. */
export interface Draft {
  subjectUid: string;
  decided: Decided;
  /** False for what is only to be recorded. */
  notify: boolean;
  /** Who hears of it, where that follows from no route. */
  whom?: Pick<Target, "receiver" | "channel">[];
}

/** Waiting is a weak finding that waits for a second signal. */
export interface Waiting {
  subjectUid: string;
  digest: Digest;
}

/** draftsOf folds findings into the book, in event order; mere updates of one incident become one transition. */
export function draftsOf(
  book: IncidentBook,
  findings: readonly Finding[],
  at: number,
  isNews: (finding: Finding) => boolean,
): { drafts: Draft[]; held: Waiting[] } {
  const drafts: Draft[] = [];
  const last = new Map<string, Draft>();
  const held: Waiting[] = [];
  for (const finding of inEventOrder(findings)) {
    const { subject_uid: subjectUid, uid } = finding;
    const before = book.subject(subjectUid)?.held.get(uid);
    for (const decided of book.apply(finding, at))
      squash({ subjectUid: decided.transition.state.subject_uid, decided, notify: isNews(finding) });
    const waits = book.subject(subjectUid)?.held.get(uid);
    if (waits && waits !== before) held.push({ subjectUid, digest: waits });
  }
  return { drafts, held };

  /** squash makes one transition of an incident's mere updates inside a call: a burst is one line of the log. */
  function squash(draft: Draft): void {
    const { transition } = draft.decided;
    const earlier = last.get(transition.incident_uid);
    if (!earlier || transition.kind !== "updated") {
      drafts.push(draft);
      last.set(transition.incident_uid, draft);
      return;
    }
    const episode = book.subject(draft.subjectUid)!.episodes.find((e) => e.incident.uid === transition.incident_uid)!;
    const { n } = earlier.decided.transition;
    episode.incident = { ...episode.incident, n };
    earlier.decided = {
      transition: { ...earlier.decided.transition, state: episode.incident },
      findings: [...earlier.decided.findings, ...draft.decided.findings],
      fresh: earlier.decided.fresh || draft.decided.fresh,
    };
    earlier.notify ||= draft.notify;
  }
}

/** concerned names the subjects whose incidents a finding may change or ask. */
export function concerned(finding: Finding): string[] {
  const cover = coverOf(finding);
  const members = finding.detection === "shared_new_source" ? (finding.members ?? []) : [];
  return [finding.subject_uid, ...members, ...(cover === null ? [] : [cover])];
}
