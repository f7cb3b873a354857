import type { Readable } from "node:stream";
import { setImmediate as othersFirst } from "node:timers/promises";
import type { Ordered } from "../detect/detector.ts";
import type { SeqRange } from "../schemas/queries/detect.ts";
import type { App, Origin } from "./app.ts";
import { closeLetters } from "./letters.ts";
import { count, type Out } from "./out.ts";
import { createProgress, type Progress } from "./progress.ts";
import { readFiles } from "./read_files.ts";
import type { Block, Reached } from "./read_records.ts";

export interface IngestInput {
  paths: readonly string[];
  provider: string;
  stdin?: Readable;
}

export interface IngestOptions {
  /** True for history: nobody is paged. */
  report: boolean;
  /** True where nothing else feeds the store meanwhile: an input in order is then judged while it is stored. */
  alone: boolean;
  out: Out;
  /** Files that were read before are read anew; their events are known, and letters that can be read now are closed. */
  again?: boolean;
  /** Rows that an earlier run stored; they are judged with the new ones. */
  leftovers?: readonly SeqRange[];
  onJudged?(done: number): void;
  /** Breaks off between blocks. */
  signal?: AbortSignal;
}

export type IngestJob = IngestInput & IngestOptions;

/** Rows of one insert: larger blocks cost memory, smaller ones make the engine merge. */
export const FULL_BLOCK = 20_000;

export interface IngestResult {
  records: number;
  stored: number;
  duplicates: number;
  deadLetters: number;
  dropped: number;
  /** Files that were read before, and passed over. */
  knownFiles: number;
  /** Letters of files read anew that could be read now. */
  closedLetters: number;
  findings: number;
}

type Stored = Omit<IngestResult, "findings">;

/**
 * ingestFiles stores everything the paths hold, and judges it afterwards in event-time order, so that the order of files does not
 * matter. Killed at any moment and run again, it goes on; running it twice stores nothing twice.
 */
export const ingestFiles = (app: App, job: IngestJob): Promise<IngestResult> => ingestInputs(app, [job], job);

/** ingestInputs is ingestFiles for several inputs that are judged as one. Broken off by the signal it found nothing: what it stored has to be judged by the next run. */
export async function ingestInputs(
  app: App,
  inputs: readonly IngestInput[],
  options: IngestOptions,
): Promise<IngestResult> {
  const { report, signal, leftovers = [] } = options;
  const release = app.hold();
  const ordered = options.alone && leftovers.length === 0 ? app.detector.beginOrdered() : null;
  const { result, ranges } = await storeAll(app, inputs, options, ordered);
  if (signal?.aborted) return { ...result, findings: 0 };
  const done = (await ordered?.end({ report })) ?? (await judgeStored(app, options, [...leftovers, ...ranges]));
  if (signal?.aborted) return { ...result, findings: 0 };
  // Only now: a job that failed or broke off holds the checkpoint back for good, so that the next start judges what it stored.
  release();
  await app.save();
  return { ...result, findings: done.findings };
}

function judgeStored(app: App, { report, out, signal, onJudged }: IngestOptions, ranges: SeqRange[]) {
  const total = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const onProgress = (n: number) => {
    out.progress(`Judging: ${count(n)} of ${count(total)} events`);
    onJudged?.(n);
  };
  return app.judge(ranges, { report, onProgress, ...(signal ? { signal } : {}) }).finally(() => out.progress(null));
}

async function storeAll(
  app: App,
  inputs: readonly IngestInput[],
  { out, signal, again = false }: IngestOptions,
  ordered: Ordered | null,
): Promise<{ result: Stored; ranges: SeqRange[] }> {
  const began = app.now();
  const anew = new Set<string>();
  let knownFiles = 0;
  const onKnown = () => {
    knownFiles++;
  };
  const progress = createProgress(app.store, app.now);
  const history = createHistory(app, progress, ordered);
  for (const { paths, provider, stdin } of inputs) {
    const blocks = readFiles(app.parts, {
      ...{ paths, provider, out, now: app.now, onKnown },
      ...(again ? {} : { progressOf: progress.ofAll }),
      ...(stdin ? { stdin } : {}),
      ...(signal ? { signal } : {}),
    });
    for await (const block of blocks) {
      await history.add(block);
      if (again) for (const { source, complete } of block.reached) if (complete) anew.add(source);
      if (signal?.aborted) break;
      // Small compressed files come without waiting for the disk; others of this process have to be answered meanwhile.
      await othersFirst();
    }
  }
  await history.end();
  let closedLetters = 0;
  for (const source of anew) closedLetters += await closeLetters(app, source, began);
  return { result: { ...history.result, knownFiles, closedLetters }, ranges: history.ranges };
}

/** History is stored in large blocks and judged when all of it is there. */
export interface History {
  result: Omit<Stored, "knownFiles" | "closedLetters">;
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
