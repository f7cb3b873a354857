import type { ApiActivity } from "../../schemas/activity.ts";
import { storedHours, storedNumbers } from "../../schemas/queries/ingest.ts";
import type { Store } from "../../schemas/store/store.ts";
import { createEventBlock, eventColumns } from "../native.ts";
import { createSeenFilter, hash53, hourOf } from "../seen.ts";

/** LogWriter stores the events of one partition, which come with their numbers. */
export interface LogWriter {
  /**
   * Stores what is new and gives what has to be judged, in order. A twin of an event with a lower number was counted there and is
   * left out; one with the same number is the same delivery, which a process stored before it died: it is judged.
   * Rejects without side effects that a repetition would not absorb.
   */
  write(events: readonly ApiActivity[]): Promise<{ events: ApiActivity[]; duplicates: number }>;
}

const columnNames = eventColumns.map((c) => c.name);
const PASS = 512;
/** Uids of one look-up: a server takes 128 KiB a parameter. */
const MAX_LOOKUP = 2_000;

export async function createLogWriter(store: Store): Promise<LogWriter> {
  const seen = createSeenFilter();
  // A fresh filter knows nothing about the hours that hold rows.
  seen.distrust((await store.ask(storedHours, {})).map((r) => r.hour));

  return {
    async write(events) {
      const batch = new Map<string, { event: ApiActivity; hash: number }>();
      const doubtful: ApiActivity[] = [];
      for (const event of events) {
        const id = identityOf(event);
        const twin = batch.get(id);
        // A writer of this process may give a message again: the lowest number counts.
        if (twin && twin.event.seq <= event.seq) continue;
        const hash = hash53(event.event_uid, event.time & 0x7fffffff);
        if (!twin && !seen.certainlyNew(hash, event.time)) doubtful.push(event);
        batch.set(id, { event, hash });
      }
      const stored = doubtful.length === 0 ? null : await numbersInStore(store, doubtful);
      const judge: ApiActivity[] = [];
      const fresh: ApiActivity[] = [];
      const hashes: number[] = [];
      for (const [id, { event, hash }] of batch) {
        const number = stored?.get(id);
        if (number !== undefined && number < event.seq) continue;
        judge.push(event);
        if (number === event.seq) continue;
        fresh.push(event);
        hashes.push(hash);
      }
      if (fresh.length > 0) {
        const block = createEventBlock();
        for (let i = 0; i < fresh.length; i += PASS) block.add(fresh.slice(i, i + PASS));
        try {
          await store.insertBlock("events", columnNames, block.bytes());
        } catch (error) {
          // A failed insert may have kept some rows: from now on the store decides about these hours.
          seen.distrust(new Set(fresh.map((e) => hourOf(e.time))));
          throw error;
        }
        for (const [i, event] of fresh.entries()) seen.add(hashes[i]!, event.time);
      }
      return { events: judge, duplicates: events.length - judge.length };
    },
  };
}

const identityOf = (e: Pick<ApiActivity, "principal_uid" | "time" | "event_uid">): string =>
  `${e.event_uid}\u0000${e.time}\u0000${e.principal_uid}`;

async function numbersInStore(store: Store, events: readonly ApiActivity[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let i = 0; i < events.length; i += MAX_LOOKUP) {
    const part = events.slice(i, i + MAX_LOOKUP);
    let [from, to] = [part[0]!.time, part[0]!.time];
    for (const { time } of part) {
      if (time < from) from = time;
      if (time > to) to = time;
    }
    const rows = await store.ask(storedNumbers, { uids: part.map((e) => e.event_uid), from, to });
    for (const row of rows) found.set(identityOf({ ...row, time: row.time_ms }), row.seq);
  }
  return found;
}
