import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { NormalizerParts, Yield } from "../ingest/normalizer.ts";
import type { Registry } from "../ingest/registry.ts";
import { readFileRecords } from "../ingest/sources/file.ts";
import { type Ahead, readAhead } from "../ingest/sources/file_ahead.ts";
import { listFiles } from "../ingest/sources/file_list.ts";
import { type LookedAt, lookAtFiles, type ProgressOf } from "./file_look.ts";
import { CommandFault, count, type Out, progressBar } from "./out.ts";
import { BLOCK_EVENTS, type Block, emptyBlock, readRecords } from "./read_records.ts";

export interface ReadFilesOptions {
  paths: readonly string[];
  provider: string;
  out: Out;
  now: () => number;
  /** Given for stored reading: how far an earlier run came. */
  progressOf?: ProgressOf;
  /** Called for a file that was read before, and is passed over. */
  onKnown?(file: string): void;
  /** Called for a file that could not be opened. */
  onUnread?(file: string): void;
  /** Standard input, for the path `-`. */
  stdin?: Readable;
  /** Breaks off inside of a file; what was read and not handed on is read again. */
  signal?: AbortSignal;
}

/** filesOf lists what the paths stand for, and says what is passed over; throws a sentence where one stands for nothing. */
export async function filesOf(paths: readonly string[], out: Out): Promise<string[]> {
  const { files, missing, others } = await listFiles(paths);
  const named = others === 1 ? "1 file of another name" : `${count(others)} files of other names`;
  if (missing.length > 0) {
    throw new CommandFault(
      `Nothing to read in ${missing.join(", ")}${others > 0 ? ` (${named})` : ""}. Give files (.json, .ndjson, .log, each also .gz), folders, patterns, or - for standard input.`,
      2,
    );
  }
  if (others > 0)
    out.note(
      `${named} ${others === 1 ? "was" : "were"} passed over; of folders .json, .jsonl, .ndjson, .log and .txt are read, each also .gz. A file that is named is read whatever its name.`,
    );
  return files;
}

/** requireProvider throws a sentence where a provider was named that there is not. */
export function requireProvider(registry: Registry, id: string): void {
  if (id === "auto" || registry.byId(id) !== null) return;
  throw new CommandFault(`There is no provider "${id}". Known are: auto, ${registry.ids().join(", ")}.`, 2);
}

/** readFiles reads files one after another into blocks of events; what cannot be opened is told and passed over. */
export async function* readFiles(parts: NormalizerParts, options: ReadFilesOptions): AsyncGenerator<Block> {
  requireProvider(parts.registry, options.provider);
  const files = await filesOf(options.paths, options.out);
  const meter = await createMeter(files, options.out);
  const looked = lookAtFiles(files, { ...options, sizeOf: meter.sizeOf, piped: `stdin-${options.now()}` });
  /** Where nothing is read twice: what was read meanwhile, which the look ahead may have come before. */
  const read = options.progressOf === undefined ? null : new Set<string>();
  let block = emptyBlock();
  for await (const file of openedAhead(looked)) {
    if (options.signal?.aborted) return;
    for await (const part of readOne(parts, file, read, options, meter, () => block)) {
      if (part === "file end" && block.yielded.events.length < BLOCK_EVENTS) continue;
      yield block;
      block = emptyBlock();
    }
  }
  options.out.progress(null);
  if (options.signal?.aborted) return;
  if (block.yielded.records > 0 || block.reached.length > 0) yield block;
}

/** Opened is a file whose reading began; null where it is not read, or not ahead. */
interface Opened extends LookedAt {
  ahead: Ahead | null;
}

/** openedAhead lets the reading of a file begin while the one before it is taken. */
async function* openedAhead(looked: AsyncIterable<LookedAt>): AsyncGenerator<Opened> {
  let taken: Opened | null = null;
  let held: Opened | null = null;
  try {
    for await (const file of looked) {
      taken = held;
      const isRead = file.source !== null && !file.piped && file.earlier?.complete !== true;
      held = { ...file, ahead: isRead ? readAhead(file.file) : null };
      if (taken !== null) yield taken;
    }
    if (held !== null) yield held;
  } finally {
    // Whoever breaks off may have looked at neither.
    taken?.ahead?.stop();
    held?.ahead?.stop();
  }
}

async function* readOne(
  parts: NormalizerParts,
  { file, source, piped, fault, earlier, ahead }: Opened,
  read: Set<string> | null,
  options: ReadFilesOptions,
  meter: Meter,
  block: () => Block,
): AsyncGenerator<"block" | "file end"> {
  if (source === null) {
    options.out.note(`${file}: ${fault}; passed over.`);
    options.onUnread?.(file);
    return;
  }
  if (earlier?.complete || read?.has(source)) {
    ahead?.stop();
    options.onKnown?.(file);
    meter.fileDone(file);
    return;
  }
  const batches = ahead?.records() ?? readFileRecords(file === "-" ? (options.stdin ?? process.stdin) : file);
  const from = { source, name: file, provider: options.provider, records: earlier?.records ?? 0, resumable: !piped };
  for await (const part of readRecords(parts, batches, from, options.now, block)) {
    meter.read(part.bytesRead, block().yielded);
    if (part.full) yield "block";
    if (options.signal?.aborted) return;
  }
  read?.add(source);
  meter.fileDone(file);
  yield "file end";
}

interface Meter {
  sizeOf(file: string): number;
  read(bytesInFile: number, yielded: Yield): void;
  fileDone(file: string): void;
}

async function createMeter(files: string[], out: Out): Promise<Meter> {
  const sizes = new Map<string, number>();
  for (const file of files) sizes.set(file, file === "-" ? 0 : ((await stat(file).catch(() => null))?.size ?? 0));
  const total = [...sizes.values()].reduce((a, b) => a + b, 0);
  const start = performance.now();
  let done = 0;
  let shown = 0;
  let records = 0;
  let before = 0;
  return {
    sizeOf: (file) => sizes.get(file) ?? 0,
    read(bytesInFile, yielded) {
      if (yielded.records < before) before = 0;
      records += yielded.records - before;
      before = yielded.records;
      const now = performance.now();
      if (now - shown < 100) return;
      shown = now;
      out.progress(progressBar(done + bytesInFile, total, `${count(records)} records`, now - start));
    },
    fileDone(file) {
      done += sizes.get(file) ?? 0;
    },
  };
}
