import type { S3 } from "../ingest/sources/aws.ts";
import { type ObjectName, type OpenObject, openObject } from "../ingest/sources/s3_object.ts";
import type { App } from "./app.ts";
import type { Progress } from "./progress.ts";
import { type Block, emptyBlock, readRecords } from "./read_records.ts";

export interface ObjectReading {
  app: App;
  s3: S3;
  provider: string;
  progress: Progress;
  signal: AbortSignal;
  /** Stores a block, and says what it reached when that is stored. */
  store(block: Block): Promise<void>;
}

/** readObject reads what is not stored yet of an object, block after block; throws AwsFault. */
export async function readObject(object: ObjectName, reading: ObjectReading): Promise<void> {
  const { s3, progress, signal } = reading;
  const open = await openObject(s3, object, signal);
  try {
    const earlier = await progress.of(open.source);
    if (!earlier?.complete) await read(open, earlier?.records ?? 0, object, reading);
  } finally {
    open.close();
  }
}

async function read(open: OpenObject, records: number, object: ObjectName, reading: ObjectReading): Promise<void> {
  const { app, provider, store } = reading;
  const name = `s3://${object.bucket}/${object.key}`;
  const from = { source: open.source, name, provider, records, resumable: true };
  let block = emptyBlock();
  for await (const { full } of readRecords(app.parts, open.records(), from, app.now, () => block)) {
    if (!full) continue;
    await store(block);
    block = emptyBlock();
  }
  await store(block);
}
