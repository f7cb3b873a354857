import type { SliceSink } from "./slice.ts";

/**
 * SliceBatch is a run of slices in memory that nobody writes to any more, to be kept or awaited. Slice i is `data[starts[i]..ends[i]]`;
 * `broken[i]` is null or the reason why it is no record; its number in the source is `firstRecord + i`. `bytesRead` of `bytesTotal` (as stored,
 * null for a stream) is for progress.
 */
export interface SliceBatch {
  data: Buffer;
  count: number;
  starts: Uint32Array;
  ends: Uint32Array;
  broken: (string | null)[];
  firstRecord: number;
  bytesRead: number;
  bytesTotal: number | null;
}

export interface Batcher {
  add: SliceSink;
  /** The batches that are full, given out once. */
  full(): SliceBatch[];
  /** What is left, full or not. */
  rest(): SliceBatch[];
}

const BATCH_BYTES = 1024 * 1024;
const BATCH_SLICES = 2000;
/** Most files of a log folder are small: a batch begins with little memory and grows. */
const FIRST_BYTES = 64 * 1024;

/** createBatcher gathers slices into batches of 1 MB or 2,000 slices; a longer slice makes a batch of its own. */
export function createBatcher(progress: () => { bytesRead: number; bytesTotal: number | null }): Batcher {
  let done: SliceBatch[] = [];
  let data: Buffer = Buffer.alloc(0);
  let used = 0;
  let count = 0;
  let firstRecord = 0;
  let starts = new Uint32Array(BATCH_SLICES);
  let ends = new Uint32Array(BATCH_SLICES);
  let broken: (string | null)[] = [];

  function close(): void {
    if (count === 0) return;
    done.push({ data: data.subarray(0, used), count, starts, ends, broken, firstRecord, ...progress() });
    firstRecord += count;
    starts = new Uint32Array(BATCH_SLICES);
    ends = new Uint32Array(BATCH_SLICES);
    broken = [];
    // A stream gives a batch a chunk: what is left of the memory serves the next ones.
    data = data.length - used >= FIRST_BYTES ? data.subarray(used) : Buffer.alloc(0);
    used = count = 0;
  }

  function grow(needed: number): void {
    const step = firstRecord > 0 ? BATCH_BYTES : Math.min(BATCH_BYTES, Math.max(FIRST_BYTES, 4 * data.length));
    const larger = Buffer.allocUnsafeSlow(Math.max(step, needed));
    data.copy(larger, 0, 0, used);
    data = larger;
  }

  function take(): SliceBatch[] {
    const batches = done;
    done = [];
    return batches;
  }

  return {
    add(bytes, start, end, reason) {
      const length = end - start;
      if (count === BATCH_SLICES || (count > 0 && used + length > BATCH_BYTES)) close();
      if (used + length > data.length) grow(used + length);
      bytes.copy(data, used, start, end);
      starts[count] = used;
      used += length;
      ends[count] = used;
      broken.push(reason);
      count++;
    },
    full: take,
    rest() {
      close();
      return take();
    },
  };
}
