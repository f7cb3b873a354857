import type { Readable } from "node:stream";
import type { Ordered } from "../detect/detector.ts";
import { iso } from "../schemas/duration.ts";
import type { SeqRange } from "../schemas/queries/detect.ts";
import { sourceProgress } from "../schemas/queries/ingest.ts";
import type { Store } from "../schemas/store/store.ts";
import type { App, Origin } from "./app.ts";
import { count, type Out } from "./out.ts";
import { readFiles } from "./read_files.ts";
import type { Block, Reached } from "./read_records.ts";

export interface IngestJob {
  paths: readonly string[];
  provider: string;
  /** True for history: nobody is paged. */
  report: boolean;
  /** True where nothing else feeds the store meanwhile: an input in order is then judged while it is stored. */
  alone: boolean;
  out: Out;
  stdin?: Readable;
}

/** Rows of one insert: larger blocks cost memory, smaller ones make the engine merge. */
export const FULL_BLOCK = 20_000;

export interface IngestResult {
  records: number;
  stored: number;
  duplicates: number;
  deadLetters: number;
  dropped: number;
  findings: number;
}

/**
 * ingestFiles stores everything the paths hold, and judges it afterwards in event-time order, so that the order of files does not
 * matter. Killed at any moment and run again, it goes on; running it twice stores nothing twice.
 */
export async function ingestFiles(app: App, job: IngestJob): Promise<IngestResult> {
  const release = app.hold();
  const ordered = job.alone ? app.detector.beginOrdered() : null;
  const { result, ranges } = await storeAll(app, job, ordered);
  const done = (await ordered?.end({ report: job.report })) ?? (await judgeStored(app, job, ranges, result.stored));
  // Only now: a job that failed holds the checkpoint back for good, so that the next start judges what it stored.
  release();
  await app.save();
  return { ...result, findings: done.findings };
}

function judgeStored(app: App, job: IngestJob, ranges: SeqRange[], stored: number) {
  const onProgress = (n: number) => job.out.progress(`Judging: ${count(n)} of ${count(stored)} events`);
  return app.judge(ranges, { report: job.report, onProgress }).finally(() => job.out.progress(null));
}

async function storeAll(
  app: App,
  job: IngestJob,
  ordered: Ordered | null,
): Promise<{ result: Omit<IngestResult, "findings">; ranges: SeqRange[] }> {
  const progress = createProgress(app.store, app.now);
  const blocks = readFiles(app.parts, {
    paths: job.paths,
    provider: job.provider,
    out: job.out,
    now: app.now,
    progressOf: (source) => progress.of(source),
    ...(job.stdin ? { stdin: job.stdin } : {}),
  });
  const history = createHistory(app, progress, ordered);
  for await (const block of blocks) await history.add(block);
  await history.end();
  return { result: history.result, ranges: history.ranges };
}

/** History is stored in large blocks and judged when all of it is there. */
export interface History {
  result: Omit<IngestResult, "findings">;
  /** What was stored. */
  ranges: SeqRange[];
  add(block: Block, origin?: Origin): Promise<void>;
  /** Comes back when all is stored. */
  end(): Promise<void>;
}

export function createHistory(app: App, progress: Progress, ordered: Ordered | null): History {
  const ranges: SeqRange[] = [];
  const result = { records: 0, stored: 0, duplicates: 0, deadLetters: 0, dropped: 0 };
  let storing: Promise<void> = Promise.resolve();
  let reached: Reached[] = [];
  let rows: Promise<void>[] = [];
  /** Stores the block; how far sources were read is said when their rows are stored, by this flush or by that of a push. */
  const flush = async (): Promise<void> => {
    const [sources, stored] = [reached, rows];
    [reached, rows] = [[], []];
    await app.writer.flush();
    await Promise.all(stored);
    await progress.reached(sources);
  };
  return {
    result,
    ranges,
    async add(block, origin) {
      const taken = await app.add(block.yielded, origin);
      result.records += block.yielded.records;
      result.stored += taken.stored;
      result.duplicates += taken.duplicates;
      result.deadLetters += block.yielded.letters.length;
      for (const n of block.yielded.dropped.values()) result.dropped += n;
      if (taken.range) addRange(ranges, taken.range);
      await ordered?.offer(taken.events);
      for (const reach of block.reached) {
        if (reached.at(-1)?.source === reach.source) reached.pop();
        reached.push(reach);
      }
      rows.push(taken.whenStored);
      if (app.writer.waiting() < FULL_BLOCK) return;
      await storing;
      // The engine stores this block while the next one is read.
      storing = flush();
      storing.catch(() => undefined);
    },
    async end() {
      await storing;
      await flush();
      await progress.flush();
    },
  };
}

/** addRange joins neighbours, so that a quiet run stays one range. */
function addRange(ranges: SeqRange[], next: SeqRange): void {
  const last = ranges.at(-1);
  if (last && next.from === last.to + 1) last.to = next.to;
  else ranges.push({ ...next });
}

const FLUSH_ROWS = 500;

export type Progress = ReturnType<typeof createProgress>;

/** createProgress writes how far sources were read, many at once: a log folder holds thousands of small files. */
export function createProgress(store: Store, now: () => number) {
  let waiting: Reached[] = [];
  const flush = async () => {
    const rows = waiting;
    waiting = [];
    const updated_at = iso(now());
    await store.insert(
      "source_progress",
      rows.map(({ source, name, records, complete }) => ({ source, name, records, complete, updated_at })),
    );
  };
  return {
    async of(source: string) {
      const ahead = waiting.findLast((w) => w.source === source);
      if (ahead) return ahead;
      const [row] = await store.ask(sourceProgress, { source });
      return row ?? null;
    },
    async reached(sources: readonly Reached[]) {
      waiting.push(...sources);
      if (waiting.length >= FLUSH_ROWS || sources.some((s) => !s.complete)) await flush();
    },
    flush,
  };
}
