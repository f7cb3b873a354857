import { createHash } from "node:crypto";
import { openS3, type S3 } from "../ingest/sources/aws.ts";
import { AwsFault } from "../ingest/sources/aws_fault.ts";
import type { DatedFolders } from "../ingest/sources/s3_layout.ts";
import { listObjects, type S3Object } from "../ingest/sources/s3_list.ts";
import { contentOf } from "../ingest/sources/s3_object.ts";
import { placeOf, type S3Source } from "../schemas/config_s3.ts";
import { DAY_MS, HOUR_MS } from "../schemas/duration.ts";
import type { App } from "./app.ts";
import { createLooks, cursorIn, type Storing } from "./poll_s3_look.ts";
import { createProgress } from "./progress.ts";
import { readObject } from "./read_object.ts";
import { type Poller, repeatPoller } from "./repeat.ts";

/** A look goes back so far before the last one, by when objects were written: clocks differ, and an upload in parts is dated by its beginning. */
const OVERLAP_MS = HOUR_MS;
/** Objects so young are met again by the next looks. */
const YOUNG_MS = 2 * OVERLAP_MS;
/** Folders of a day are looked into for so long after it. */
const LATE_DAYS_MS = DAY_MS;
/** So often the whole prefix is listed, whatever its folders are called, for what came later than that. */
const SWEEP_MS = DAY_MS;
/** An upload in parts may last so long. */
const UPLOAD_MS = 7 * DAY_MS;
/** Objects that are read at once: enough to hide the way to S3, few enough for the memory. */
const OBJECTS_AT_ONCE = 4;

interface Pass {
  /** Objects that were written before are left out, ms. */
  from: number;
  fromDay: number | null;
  storing: Storing;
}

/**
 * createS3Poller reads what was written to a bucket since the last look. What is read already is known by its content from the store, so
 * the cursor only bounds what is listed; it moves when everything that a look found is stored.
 */
export function createS3Poller(app: App, source: S3Source): Poller {
  const id = `s3:${createHash("sha256").update(placeOf(source)).digest("hex").slice(0, 16)}`;
  const cursor = cursorIn(app, id);
  const progress = createProgress(app.store, app.now);
  const looks = createLooks(app, progress);
  const stopping = new AbortController();
  const dated = new Map<string, DatedFolders>();
  /** Young objects that are done, by key: what a look meets again asks the store nothing. */
  const done = new Map<string, { etag: string; modified: number }>();
  let s3: Promise<S3> | null = null;
  /** When the last look began that saw everything, whether all of it could be read or not. */
  let listedAt = 0;
  /** When the whole prefix was listed last, or tried: a sweep that fails is tried again an hour later. */
  let sweptAt = 0;

  async function look(): Promise<void> {
    s3 ??= openS3(source);
    s3.catch(() => {
      s3 = null;
    });
    const client = await s3;
    const at = app.now();
    const last = (await cursor.read()) ?? (await cursor.begin(at - source.since, at));
    const from = Math.max(last.start, last.looked - OVERLAP_MS);
    const storing = looks.begin(at - Math.max(last.looked, listedAt));
    const whole = await pass(client, { from, fromDay: from - LATE_DAYS_MS, storing });
    listedAt = at;
    const looked = whole ? at : last.looked;
    if (whole) await cursor.write({ ...last, looked });
    for (const [key, { modified }] of done) if (modified < at - YOUNG_MS) done.delete(key);
    if (at - last.swept < SWEEP_MS || at - sweptAt < HOUR_MS) return;
    sweptAt = at;
    const sweep = { from: Math.max(last.start, last.swept - UPLOAD_MS), fromDay: null, storing: looks.begin(0) };
    if (await pass(client, sweep)) await cursor.write({ ...last, looked, swept: at });
  }

  /** pass lists once and stores what is new; false where an object could not be read. */
  async function pass(client: S3, { from, fromDay, storing }: Pass): Promise<boolean> {
    const { signal } = stopping;
    const { bucket, prefix, provider } = source;
    const reading = { app, s3: client, provider, progress, signal, store: storing.store };
    const faults: AwsFault[] = [];
    try {
      for await (const page of listObjects(client, { bucket, prefix, fromDay, dated, signal }))
        await inParallel(await unread(page, from), OBJECTS_AT_ONCE, async (object) => {
          const fault = await readOne(object, () => readObject({ bucket, key: object.key }, reading));
          if (fault !== null) faults.push(fault);
        });
    } finally {
      await storing.end(signal.aborted).catch((error: unknown) => {
        // What was read may not be stored.
        done.clear();
        throw error;
      });
    }
    if (faults.length > 0)
      app.log.error(
        { source: id, objects: faults.length, error: faults[0]!.message },
        "Objects could not be read; they are tried again.",
      );
    return faults.length === 0;
  }

  /** Those of a page that are meant and not stored yet. */
  async function unread(page: readonly S3Object[], from: number): Promise<S3Object[]> {
    const meant = page.filter(
      (object) =>
        object.modified >= from &&
        object.size > 0 &&
        object.key.endsWith(source.suffix) &&
        done.get(object.key)?.etag !== object.etag,
    );
    if (meant.length === 0) return [];
    const sources = meant.map((object) => contentOf(object.etag));
    const earlier = await progress.ofAll(sources);
    const isStored = (i: number): boolean => earlier.get(sources[i]!)?.complete ?? false;
    for (const [i, object] of meant.entries()) if (isStored(i)) remember(object);
    return meant.filter((_, i) => !isStored(i));
  }

  function remember(object: S3Object): void {
    if (object.modified >= app.now() - YOUNG_MS) done.set(object.key, object);
  }

  /** Gives the fault after which the object has to be tried again. */
  async function readOne(object: S3Object, read: () => Promise<void>): Promise<AwsFault | null> {
    try {
      if (!object.archived) await read();
      else app.log.warn({ source: id, key: object.key }, "An object lies in an archive and is passed over.");
    } catch (error) {
      if (!(error instanceof AwsFault) || stopping.signal.aborted) throw error;
      if (error.kind !== "absent") return error;
      app.log.warn({ source: id, key: object.key }, "An object was deleted before it was read.");
    }
    remember(object);
    return null;
  }

  return {
    look,
    stop: async () => stopping.abort(),
  };
}

/** pollS3 looks at every interval until `stop` is called. */
export function pollS3(app: App, source: S3Source): { stop(): Promise<void> } {
  return repeatPoller(createS3Poller(app, source), source.interval, (error) =>
    app.log.error({ bucket: source.bucket, error: String(error) }, "Listing a bucket failed; it is tried again."),
  );
}

/** inParallel works on some items at once; after a fault no other is begun. */
async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    try {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
    } catch (error) {
      rest.length = 0;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
