import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createNormalizer, emptyYield, type NormalizerParts, type Yield } from "../ingest/normalizer.ts";
import { hashFile, readFileRecords } from "../ingest/sources/file.ts";
import { listFiles } from "../ingest/sources/file_list.ts";
import { CommandFault, count, type Out, progressBar } from "./out.ts";

/** Events gathered before they are handed on: few enough to die young, and small files share them. */
const BLOCK_EVENTS = 1_000;

/** Block is a run of what was read, with the sources that it ends or reaches into. */
export interface Block {
  yielded: Yield;
  reached: Reached[];
}

/** Reached says how far a source was read, in slices, once the block is stored. */
export interface Reached {
  source: string;
  name: string;
  records: number;
  complete: boolean;
}

export interface ReadFilesOptions {
  paths: readonly string[];
  provider: string;
  out: Out;
  now: () => number;
  /** Given for stored reading: how far an earlier run came. */
  progressOf?(source: string): Promise<{ records: number; complete: boolean } | null>;
  /** Standard input, for the path `-`. */
  stdin?: Readable;
}

/** filesOf lists what the paths stand for; throws a sentence where one stands for nothing. */
export async function filesOf(paths: readonly string[]): Promise<string[]> {
  const { files, missing } = await listFiles(paths);
  if (missing.length > 0) {
    throw new CommandFault(
      `Nothing to read in ${missing.join(", ")}. Give files (.json, .ndjson, .log, each also .gz), folders, patterns, or - for standard input.`,
      2,
    );
  }
  return files;
}

/** readFiles reads files one after another into blocks of events; what cannot be opened is told and passed over. */
export async function* readFiles(parts: NormalizerParts, options: ReadFilesOptions): AsyncGenerator<Block> {
  const { registry } = parts;
  if (options.provider !== "auto" && registry.byId(options.provider) === null) {
    throw new CommandFault(
      `There is no provider "${options.provider}". Known are: auto, ${registry.ids().join(", ")}.`,
      2,
    );
  }
  const files = await filesOf(options.paths);
  const meter = await createMeter(files, options.out);
  let block: Block = { yielded: emptyYield(), reached: [] };
  for (const file of files) {
    for await (const part of readOne(parts, file, options, meter, () => block)) {
      if (part === "file end" && block.yielded.events.length < BLOCK_EVENTS) continue;
      yield block;
      block = { yielded: emptyYield(), reached: [] };
    }
  }
  options.out.progress(null);
  if (block.yielded.records > 0 || block.reached.length > 0) yield block;
}

async function* readOne(
  parts: NormalizerParts,
  file: string,
  options: ReadFilesOptions,
  meter: Meter,
  block: () => Block,
): AsyncGenerator<"block" | "file end"> {
  const piped = file === "-";
  let hash: string;
  try {
    hash = piped ? `stdin-${options.now()}` : await hashFile(file);
  } catch (error) {
    options.out.note(`${file}: ${(error as Error).message}; passed over.`);
    return;
  }
  const source = `file:${hash.slice(0, 32)}`;
  const earlier = piped ? null : ((await options.progressOf?.(source)) ?? null);
  if (earlier?.complete) {
    meter.fileDone(file);
    return;
  }
  const normalizer = createNormalizer(parts, { provider: options.provider, position: source, now: options.now });
  let skip = earlier?.records ?? 0;
  let slices = 0;
  normalizer.skip(skip);
  for await (const batch of readFileRecords(piped ? (options.stdin ?? process.stdin) : file)) {
    for (let i = 0; i < batch.count; i++) {
      slices++;
      if (skip > 0) {
        skip--;
        continue;
      }
      normalizer.read(batch.data.subarray(batch.starts[i], batch.ends[i]), batch.broken[i] ?? null, block().yielded);
    }
    meter.read(batch.bytesRead, block().yielded);
    if (block().yielded.events.length >= BLOCK_EVENTS) {
      if (!piped && normalizer.skippable)
        block().reached.push({ source, name: file, records: slices, complete: false });
      yield "block";
    }
  }
  meter.fileDone(file);
  if (!piped) block().reached.push({ source, name: file, records: slices, complete: true });
  yield "file end";
}

interface Meter {
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
