import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type Pushed, Refused } from "../dashboard/backend.ts";
import { createNormalizer, emptyYield } from "../ingest/normalizer.ts";
import { readFileRecords } from "../ingest/sources/file.ts";
import { InflatesTooFar } from "../ingest/sources/gunzip.ts";
import { iso } from "../schemas/duration.ts";
import { sourceProgress } from "../schemas/queries/ingest.ts";
import type { App } from "./app.ts";

/** Unpacked bytes of one push against its limit on the wire: a bomb is refused, ordinary logs pack about 1 : 10. */
const MAX_INFLATION = 20;
/** Largest number of records of one push; more belong into a file. */
const MAX_RECORDS = 200_000;

/** createPush stores the records of one HTTP body, whole or not at all, and judges them behind the answer. */
export function createPush(app: App) {
  let requests = 0;
  const { max_body } = app.config.http;

  return async function push(
    provider: string,
    body: Readable,
    options: { idempotencyKey: string | null },
  ): Promise<Pushed> {
    if (provider !== "auto" && app.parts.registry.byId(provider) === null) {
      throw new Refused(
        400,
        // What was asked for is not repeated: a path may hold a token that slipped into it.
        `There is no such provider. Known are: auto, ${app.parts.registry.ids().join(", ")}.`,
      );
    }
    const key = options.idempotencyKey;
    const source =
      key === null
        ? `http:${app.now().toString(36)}-${++requests}`
        : `http:${createHash("sha256").update(key).digest("hex").slice(0, 24)}`;
    const known = key === null ? undefined : (await app.store.ask(sourceProgress, { source }))[0];
    const done = known?.complete ? known : null;
    const digest = createHash("sha256");
    const normalizer = createNormalizer(app.parts, { provider, position: source, now: app.now });
    const yielded = emptyYield();
    let unpacked = 0;
    const maxInflatedBytes = max_body * MAX_INFLATION;
    const tooMuch = new Refused(
      413,
      `The body unpacks to more than ${maxInflatedBytes} bytes or ${MAX_RECORDS} records. Send it in parts.`,
    );
    const batches = readFileRecords(limited(body, max_body), { maxInflatedBytes });
    for await (const batch of refusing(batches, tooMuch)) {
      unpacked += batch.data.length;
      if (yielded.records > MAX_RECORDS) throw tooMuch;
      for (let i = 0; i < batch.count; i++) {
        const record = batch.data.subarray(batch.starts[i], batch.ends[i]);
        if (key !== null) digest.update(record).update("\n");
        if (done === null) normalizer.read(record, batch.broken[i] ?? null, yielded);
      }
    }
    const name = `push ${provider} ${digest.digest("hex").slice(0, 16)}`;
    if (done !== null) return repeated(done, name);
    if (yielded.records === 0)
      throw new Refused(
        400,
        'The body holds no record. Send one JSON object, an array, {"Records": […]} or one object a line.',
      );
    const { stored, duplicates } = await app.take(yielded, { source: "http", bytes: unpacked });
    // What could not be read was not taken: sent again, it is read again.
    if (key !== null && yielded.letters.length < yielded.records) {
      await app.store.insert("source_progress", [
        { source, name, records: yielded.records, complete: true, updated_at: iso(app.now()) },
      ]);
    }
    return {
      records: yielded.records,
      stored,
      duplicates,
      dropped: [...yielded.dropped.values()].reduce((a, b) => a + b, 0),
      dead_letters: yielded.letters.length,
      reasons: [...new Set(yielded.letters.map((l) => l.reason))].slice(0, 5),
    };
  };
}

/** repeated answers a push whose Idempotency-Key was taken before; other records under it are refused, or they would be lost. */
function repeated({ name, records }: { name: string; records: number }, now: string): Pushed {
  // Names of earlier versions have no digest.
  if (name !== now && name.split(" ").length === 3)
    throw new Refused(422, "This Idempotency-Key came with other records before. Give each push a key of its own.");
  return { records, stored: 0, duplicates: records, dropped: 0, dead_letters: 0, reasons: [] };
}

/** refusing turns a bomb into a refusal. */
async function* refusing<T>(batches: AsyncIterable<T>, tooMuch: Refused): AsyncGenerator<T> {
  try {
    yield* batches;
  } catch (error) {
    throw error instanceof InflatesTooFar ? tooMuch : error;
  }
}

async function* limit(body: Readable, max: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > max) throw new Refused(413, `The body has more than ${max} bytes (http.max_body). Send it in parts.`);
    yield chunk as Buffer;
  }
}

/** limited is the body, cut off with a refusal where it is too long. */
const limited = (body: Readable, max: number): Readable => Readable.from(limit(body, max), { objectMode: false });
