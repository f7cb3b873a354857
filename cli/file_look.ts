import { stat } from "node:fs/promises";
import { hashFile } from "../ingest/sources/file.ts";

/** Earlier is how far a source was read. */
export interface Earlier {
  records: number;
  complete: boolean;
}

/** ProgressOf asks how far these sources were read; those that nobody began are left out. */
export type ProgressOf = (sources: readonly string[]) => Promise<ReadonlyMap<string, Earlier>>;

/** LookedAt is a file by its content; `source` is null where it could not be opened. */
export interface LookedAt {
  file: string;
  source: string | null;
  /** A pipe or standard input: it has no content to know it by, and cannot be read a second time. */
  piped: boolean;
  fault: string;
  earlier: Earlier | null;
}

export interface LookOptions {
  progressOf?: ProgressOf;
  /** Bytes of a file, compressed. */
  sizeOf(file: string): number;
  /** The name of what comes through pipes this time. */
  piped?: string;
  signal?: AbortSignal;
}

/** Files of one question: it costs the engine as much as a hundred records do, and log folders hold thousands of small files. */
const MAX_FILES = 128;
/** What is hashed ahead shall be in memory still when it is read. */
const MAX_BYTES = 16 * 1024 * 1024;

/** lookAtFiles names files by their content and asks how far they were read, those ahead while the ones before them are read. */
export async function* lookAtFiles(files: readonly string[], options: LookOptions): AsyncGenerator<LookedAt> {
  let ahead = look(files, 0, options);
  for (let at = 0; at < files.length; ) {
    const looked = await ahead;
    at += looked.length;
    ahead = at < files.length ? look(files, at, options) : ahead;
    // It is told when its turn comes, and nobody asks where the reading ends before.
    ahead.catch(() => undefined);
    yield* looked;
  }
}

async function look(files: readonly string[], from: number, options: LookOptions): Promise<LookedAt[]> {
  const looked: LookedAt[] = [];
  let bytes = 0;
  for (let i = from; i < files.length && looked.length < MAX_FILES && bytes < MAX_BYTES; i++) {
    looked.push(await named(files[i]!, options));
    bytes += options.sizeOf(files[i]!);
  }
  const sources = looked.filter((l) => !l.piped).flatMap((l) => l.source ?? []);
  const earlier = sources.length > 0 ? await options.progressOf?.(sources) : undefined;
  for (const l of looked) l.earlier = (l.source === null ? null : earlier?.get(l.source)) ?? null;
  return looked;
}

async function named(file: string, { piped: name = "", signal }: LookOptions): Promise<LookedAt> {
  try {
    const piped = file === "-" || (await stat(file)).isFIFO();
    const id = piped ? `${name}${file}` : (await hashFile(file, signal)).slice(0, 32);
    return { file, source: `file:${id}`, piped, fault: "", earlier: null };
  } catch (error) {
    return { file, source: null, piped: false, fault: (error as Error).message, earlier: null };
  }
}
