import { createNormalizer, emptyYield, type NormalizerParts, type Yield } from "../ingest/normalizer.ts";
import type { SliceBatch } from "../ingest/sources/batch.ts";

/** Events gathered before they are handed on: few enough to die young (1,000 leave three times as much to the collector); small files share them. */
export const BLOCK_EVENTS = 256;

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
  /** reach hands on a full block, with how far it reaches where a later run may begin there. */
  const reach = (bytesRead: number) => {
    if (resumable && normalizer.skippable) block().reached.push({ source, name, records: slices, complete: false });
    return { full: true, bytesRead };
  };
  for await (const batch of batches) {
    for (let i = 0; i < batch.count; i++) {
      slices++;
      if (skip > 0) {
        skip--;
        continue;
      }
      normalizer.read(batch.data.subarray(batch.starts[i], batch.ends[i]), batch.broken[i] ?? null, block().yielded);
      if (block().yielded.events.length >= BLOCK_EVENTS) yield reach(batch.bytesRead);
    }
    yield { full: false, bytesRead: batch.bytesRead };
  }
  if (resumable) block().reached.push({ source, name, records: slices, complete: true });
}
