import type { ApiActivity } from "../schemas/activity.ts";
import { lastSeq, storedHours, storedIdentities } from "../schemas/queries/ingest.ts";
import type { Store } from "../schemas/store/store.ts";
import { eventBlock, eventColumns } from "./native.ts";
import { createSeenFilter, hash53, hourOf } from "./seen.ts";

export interface Committed {
  /** New events with their numbers, in the order given. */
  stored: ApiActivity[];
  duplicates: number;
}

/** Writer gives new events a number and stores them; one commit at a time, so numbers rise and twins always meet. */
export interface Writer {
  /** Resolves when the rows are stored; rejects without side effects that a repetition would not absorb. */
  commit(events: ApiActivity[]): Promise<Committed>;
  lastSeq(): number;
}

/** Rows of one insert: larger blocks cost memory, smaller ones make the engine merge. */
const MAX_BLOCK = 50_000;
const columnNames = eventColumns.map((c) => c.name);
/** Uids of one look-up. */
const MAX_LOOKUP = 5_000;

export async function createWriter(store: Store): Promise<Writer> {
  const [top] = await store.ask(lastSeq, {});
  let seq = top?.seq ?? 0;
  const seen = createSeenFilter();
  seen.distrust((await store.ask(storedHours, {})).map((r) => r.hour));
  let tail: Promise<unknown> = Promise.resolve();

  async function commit(events: ApiActivity[]): Promise<Committed> {
    const { fresh, hashes } = await withoutTwins(store, seen, events);
    for (let from = 0; from < fresh.length; from += MAX_BLOCK) {
      const block = fresh.slice(from, from + MAX_BLOCK);
      for (const event of block) event.seq = ++seq;
      try {
        await store.insertBlock("events", columnNames, eventBlock(block));
      } catch (error) {
        // A failed insert may have kept some rows: from now on the store decides about these hours.
        seen.distrust(block.map((e) => hourOf(e.time)));
        throw error;
      }
      for (let i = 0; i < block.length; i++) seen.add(hashes[from + i]!, block[i]!.time);
    }
    return { stored: fresh, duplicates: events.length - fresh.length };
  }

  return {
    commit(events) {
      const done = tail.then(() => commit(events));
      tail = done.catch(() => undefined);
      return done;
    },
    lastSeq: () => seq,
  };
}

const identityOf = (e: { principal_uid: string; time: number; event_uid: string }): string =>
  `${e.event_uid}\u0000${e.time}\u0000${e.principal_uid}`;

/** withoutTwins drops what stands twice in the batch or is stored already. */
async function withoutTwins(store: Store, seen: ReturnType<typeof createSeenFilter>, events: ApiActivity[]) {
  const batch = new Map<number, ApiActivity>();
  const fresh: ApiActivity[] = [];
  const hashes: number[] = [];
  const doubtful: number[] = [];
  for (const event of events) {
    let hash = hash53(event.event_uid, event.time & 0x7fffffff);
    let twin = batch.get(hash);
    // Another event under the same hash is told by its fields, and takes the next free one.
    while (twin && !isTwin(twin, event)) twin = batch.get(++hash);
    if (twin) continue;
    batch.set(hash, event);
    if (!seen.certainlyNew(hash, event.time)) doubtful.push(fresh.length);
    fresh.push(event);
    hashes.push(hash);
  }
  if (doubtful.length === 0) return { fresh, hashes };
  const stored = await identitiesInStore(
    store,
    doubtful.map((i) => fresh[i]!),
  );
  const gone = new Set(doubtful.filter((i) => stored.has(identityOf(fresh[i]!))));
  return { fresh: fresh.filter((_, i) => !gone.has(i)), hashes: hashes.filter((_, i) => !gone.has(i)) };
}

const isTwin = (a: ApiActivity, b: ApiActivity): boolean =>
  a.event_uid === b.event_uid && a.time === b.time && a.principal_uid === b.principal_uid;

async function identitiesInStore(store: Store, events: ApiActivity[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let from = 0; from < events.length; from += MAX_LOOKUP) {
    const part = events.slice(from, from + MAX_LOOKUP);
    let first = part[0]!.time;
    let last = first;
    for (const { time } of part) {
      if (time < first) first = time;
      if (time > last) last = time;
    }
    const rows = await store.ask(storedIdentities, { uids: part.map((e) => e.event_uid), from: first, to: last });
    for (const row of rows) found.add(identityOf({ ...row, time: row.time_ms }));
  }
  return found;
}
