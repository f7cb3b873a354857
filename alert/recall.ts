import { DAY_MS } from "../schemas/duration.ts";
import { subjectsBehind } from "../schemas/queries/incidents.ts";
import { messagesSince, pendingMessages } from "../schemas/queries/outbox.ts";
import { targetsSince } from "../schemas/queries/transitions.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Budget } from "./budget.ts";
import type { AlertLog } from "./dispatch.ts";
import type { IncidentBook, Subject } from "./incident.ts";
import { readSubjects, readTold, targetsOf, writeIncidents } from "./ledger.ts";
import type { Outbox } from "./outbox.ts";
import { repairOutbox } from "./repair.ts";
import { restoredEntries } from "./sift.ts";
import { laneKey } from "./targets.ts";

/** How far back the log is compared with the outbox at start. */
const REPAIR_MS = 7 * DAY_MS;

/** Recall brings back from the store what the alerter has to know. */
export interface Recall {
  /** At start: what is pending, what a kill kept from the outbox and from the list of incidents. */
  recover(): Promise<void>;
  /** Has every subject in the book, read from the log where it is not. */
  ensure(uids: Iterable<string>): Promise<void>;
  /** The last write about these failed: the log and the outbox may differ. */
  doubt(subjectUid: string): void;
}

export interface RecallParts {
  store: Store;
  book: IncidentBook;
  outbox: Outbox;
  budget: Budget;
  now(): number;
  log: AlertLog;
}

export function createRecall({ store, book, outbox, budget, now, log }: RecallParts): Recall {
  const suspects = new Set<string>();

  /** relist writes the states of subjects once more, for the list that a crash left behind the log. */
  const relist = (subjects: ReadonlyMap<string, Subject>): Promise<void> =>
    writeIncidents(
      store,
      [...subjects.values()].flatMap((s) => s.episodes.map((e) => e.incident)),
    );

  return {
    async recover() {
      const at = now();
      const pending = await store.ask(pendingMessages, {});
      const limited = (e: { receiver: string; channel: string }) =>
        budget.limit(laneKey(e.receiver, e.channel)) !== null;
      outbox.restore(await restoredEntries(store, pending, at, limited));
      const since = at - REPAIR_MS;
      const told = (await store.ask(targetsSince, { since })).map((r) => ({ ...r, targets: targetsOf(r.targets) }));
      const known = told.length > 0 ? await store.ask(messagesSince, { since: since - DAY_MS }) : [];
      const batch = outbox.batch();
      const repaired = repairOutbox(batch, told, known);
      if (repaired > 0)
        log("warn", "Messages that a kill kept from the outbox were put there.", { messages: repaired });
      await store.insert("messages", batch.rows());
      batch.commit();
      const behind = (await store.ask(subjectsBehind, {})).map((row) => row.subject_uid);
      await relist(await readSubjects(store, behind));
    },
    async ensure(uids) {
      const missing = [...new Set(uids)].filter((uid) => book.subject(uid) === undefined);
      if (missing.length === 0) return;
      const subjects = await readSubjects(store, missing);
      const doubtful = missing.filter((uid) => suspects.has(uid));
      if (doubtful.length > 0) {
        const { told, known } = await readTold(store, doubtful);
        const batch = outbox.batch();
        repairOutbox(batch, told, known);
        try {
          await relist(new Map(doubtful.map((uid) => [uid, subjects.get(uid)!])));
          await store.insert("messages", batch.rows());
        } catch (cause) {
          batch.rollback();
          throw cause;
        }
        batch.commit();
        for (const uid of doubtful) suspects.delete(uid);
      }
      for (const [uid, subject] of subjects) book.set(uid, subject);
    },
    doubt: (subjectUid) => void suspects.add(subjectUid),
  };
}
