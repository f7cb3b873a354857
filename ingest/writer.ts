import type { ApiActivity } from "../schemas/activity.ts";
import { DAY_MS } from "../schemas/duration.ts";
import { lastSeq, storedHours, storedIdentities, storedTimeless } from "../schemas/queries/ingest.ts";
import type { Store } from "../schemas/store/store.ts";
import { createIdentities, type Identities, type Identity } from "./identities.ts";
import { createEventBlock, type EventBlock, eventColumns } from "./native.ts";
import { createSeenFilter, hash53, hourOf } from "./seen.ts";

export interface Added {
  /** New events with their numbers, in the order given. */
  events: ApiActivity[];
  duplicates: number;
  /** Resolves when a flush stored them, rejects when it could not: then they are forgotten, and have to be added again. */
  stored: Promise<void>;
}

/** Writer gives new events a number and stores them in blocks; one thing at a time, so numbers rise and twins always meet. */
export interface Writer {
  /** Numbers and encodes new events; they are stored when a `flush` that begins later resolves. */
  add(events: readonly ApiActivity[]): Promise<Added>;
  /** Stores what was added. Rejects without side effects that a repetition would not absorb. */
  flush(): Promise<void>;
  /** Rows that wait for a flush. */
  waiting(): number;
  lastSeq(): number;
}

const columnNames = eventColumns.map((c) => c.name);
/** Events encoded at once: their objects and texts fit the processor's cache and die young. */
const PASS = 512;
/** Uids of one look-up: a server takes 128 KiB a parameter. */
const MAX_LOOKUP = 2_000;

/** Rows that are encoded and not stored yet, with the identity of each by its hash. */
interface Pending {
  block: EventBlock;
  identities: Identities;
  stored: Promise<void>;
  settle(error: unknown): void;
}

function newPending(): Pending {
  let settle: (error: unknown) => void = () => undefined;
  const stored = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === null ? resolve() : reject(error));
  });
  // Who does not ask is not told twice: flush rejects too.
  stored.catch(() => undefined);
  return { block: createEventBlock(), identities: createIdentities(), stored, settle };
}

export async function createWriter(store: Store): Promise<Writer> {
  const [top] = await store.ask(lastSeq, {});
  let seq = top?.seq ?? 0;
  const seen = createSeenFilter();
  const hours = (await store.ask(storedHours, {})).map((r) => r.hour);
  seen.distrust(hours.length === 0 ? [] : [...hours, hourOf(NO_TIME)]);
  let open = newPending();
  /** The block that is being stored while the next one fills. */
  let storing = newPending();
  let adding: Promise<unknown> = Promise.resolve();
  let flushing: Promise<unknown> = Promise.resolve();

  async function add(events: readonly ApiActivity[]): Promise<Added> {
    const fresh: ApiActivity[] = [];
    for (let from = 0; from < events.length; from += PASS) {
      const part = await withoutTwins(events.slice(from, from + PASS));
      for (const event of part) {
        event.seq = ++seq;
        fresh.push(event);
      }
      open.block.add(part);
    }
    return { events: fresh, duplicates: events.length - fresh.length, stored: storedOf(fresh.length) };
  }

  /** Twins of rows that are under way are as safe as these are. */
  function storedOf(fresh: number): Promise<void> {
    if (fresh > 0 || open.block.rows > 0) return open.stored;
    return storing.block.rows > 0 ? storing.stored : Promise.resolve();
  }

  /** Drops what waits already or is stored; the others are remembered as waiting. */
  async function withoutTwins(events: readonly ApiActivity[]): Promise<ApiActivity[]> {
    const fresh: ApiActivity[] = [];
    const doubtful: ApiActivity[] = [];
    const { identities } = open;
    const before = identities.size;
    for (const event of events) {
      const identity = isTimeless(event) ? withoutTime(event) : event;
      const hash = wait(identity);
      if (hash === null) continue;
      if (!seen.certainlyNew(hash, identity.time)) doubtful.push(event);
      // A call may arrive in the very millisecond of its own time, and is known by that too.
      if (identity !== event) wait(event);
      fresh.push(event);
    }
    if (doubtful.length === 0) return fresh;
    const stored = await identitiesInStore(store, doubtful).catch((error: unknown) => {
      // None of them waits after all: they come again, and are no twins of themselves.
      identities.shrink(before);
      throw error;
    });
    return stored.size === 0 ? fresh : fresh.filter((e) => !stored.has(identityOf(isTimeless(e) ? withoutTime(e) : e)));
  }

  /** wait remembers an identity as waiting and gives its hash; null where a twin waits already. */
  function wait(event: Identity): number | null {
    let hash = hash53(event.event_uid, event.time & 0x7fffffff);
    // Another event under the same hash is told by its fields, and takes the next free one.
    let twin = twinUnder(hash, event);
    while (twin === "another") twin = twinUnder(++hash, event);
    if (twin === "twin") return null;
    open.identities.add(hash, event);
    return hash;
  }

  function twinUnder(hash: number, event: Identity): "twin" | "another" | "none" {
    let { identities } = open;
    let place = identities.find(hash);
    if (place < 0) {
      identities = storing.identities;
      place = identities.find(hash);
    }
    return place < 0 ? "none" : identities.isTwin(place, event) ? "twin" : "another";
  }

  async function flush(): Promise<void> {
    const full = open;
    if (full.block.rows === 0) return;
    open = newPending();
    storing = full;
    const { block, identities } = full;
    try {
      await store.insertBlock("events", columnNames, block.bytes());
    } catch (error) {
      // A failed insert may have kept some rows: from now on the store decides about these hours.
      const hours = new Set<number>();
      identities.each((_, time) => hours.add(hourOf(time)));
      seen.distrust(hours);
      full.settle(error);
      throw error;
    } finally {
      storing = newPending();
    }
    block.release();
    identities.each((hash, time) => seen.add(hash, time));
    full.settle(null);
  }

  return {
    add(events) {
      const done = adding.then(() => add(events));
      adding = done.catch(() => undefined);
      return done;
    },
    flush() {
      // What was added before must be in the block; what is added meanwhile fills the next one.
      const done = Promise.all([adding, flushing]).then(flush);
      flushing = done.catch(() => undefined);
      return done;
    },
    waiting: () => open.block.rows,
    lastSeq: () => seq,
  };
}

const identityOf = (e: Identity): string => `${e.event_uid}\u0000${e.time}\u0000${e.principal_uid}`;

/**
 * A record that tells no time has that of its arrival, which another arrival would not repeat: its identity is principal and event_uid alone,
 * as long as somebody might send it again.
 */
const isTimeless = (e: ApiActivity): boolean => e.time === e.ingested_at;
const NO_TIME = 0;
const TIMELESS_MS = 35 * DAY_MS;
const withoutTime = ({ principal_uid, event_uid }: Identity): Identity => ({ principal_uid, event_uid, time: NO_TIME });

async function identitiesInStore(store: Store, events: ApiActivity[]): Promise<Set<string>> {
  const found = new Set<string>();
  const timeless = events.filter(isTimeless);
  for (const part of parts(timeless)) {
    const uids = part.map((e) => e.event_uid);
    const principals = [...new Set(part.map((e) => e.principal_uid))];
    const from = Math.min(...part.map((e) => e.time)) - TIMELESS_MS;
    for (const row of await store.ask(storedTimeless, { uids, principals, from }))
      found.add(identityOf(withoutTime({ ...row, time: NO_TIME })));
  }
  for (const part of parts(timeless.length === 0 ? events : events.filter((e) => !isTimeless(e)))) {
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

/** parts cuts events into look-ups that a server takes. */
function* parts(events: ApiActivity[]): Generator<ApiActivity[]> {
  for (let from = 0; from < events.length; from += MAX_LOOKUP) yield events.slice(from, from + MAX_LOOKUP);
}
