import { createNormalizer, emptyYield, type NormalizerParts, type Yield } from "../ingest/normalizer.ts";
import type { SliceBatch } from "../ingest/sources/batch.ts";

/** Events gathered before they are handed on: few enough to die young, and small files share them. */
export const BLOCK_EVENTS = 1_000;

/** Block is a run of what was read, with the sources that it ends or reaches into. */
export interface Block {
  yielded: Yield;
  reached: Reached[];
}

export const emptyBlock = (): Block => ({ yielded: emptyYield(), reached: [] });

/** Reached says how far a source was read, in slices, once the block is stored. */
export interface Reached {
  source: string;
  name: string;
  records: number;
  complete: boolean;
}

/** From is one source that has an end: a file, an object. */
export interface From {
  /** Its name by content. */
  source: string;
  /** What people call it. */
  name: string;
  provider: string;
  /** Records that an earlier run stored. */
  records: number;
  /** False where it cannot be read a second time. */
  resumable: boolean;
}

/**
 * readRecords reads one source into the block at hand, which it names when it is full and to be handed on. The last block says that the
 * source is complete.
 */
export async function* readRecords(
  parts: NormalizerParts,
  batches: AsyncIterable<SliceBatch>,
  { source, name, provider, records, resumable }: From,
  now: () => number,
  block: () => Block,
): AsyncGenerator<{ full: boolean; bytesRead: number }> {
  const normalizer = createNormalizer(parts, { provider, position: source, now });
  let skip = records;
  let slices = 0;
  normalizer.skip(skip);
  for await (const batch of batches) {
    for (let i = 0; i < batch.count; i++) {
      slices++;
      if (skip > 0) {
        skip--;
        continue;
      }
      normalizer.read(batch.data.subarray(batch.starts[i], batch.ends[i]), batch.broken[i] ?? null, block().yielded);
    }
    const full = block().yielded.events.length >= BLOCK_EVENTS;
    if (full && resumable && normalizer.skippable)
      block().reached.push({ source, name, records: slices, complete: false });
    yield { full, bytesRead: batch.bytesRead };
  }
  if (resumable) block().reached.push({ source, name, records: slices, complete: true });
}
