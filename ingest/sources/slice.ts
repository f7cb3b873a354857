/**
 * SliceSink takes one slice: bytes `start`..`end` of `data`, a view that is valid during the call only. `broken` is null for a record that
 * is well formed in structure (JSON.parse has the last word), else the reason why these bytes are none.
 */
export type SliceSink = (data: Buffer, start: number, end: number, broken: string | null) => void;

export interface Splitter {
  push(chunk: Buffer): void;
  /** No more bytes come; `fault` says why, where the input did not end by itself, and stands on the last broken slice. */
  end(fault?: string): void;
}

/** Slice owns its memory. */
export interface Slice {
  bytes: Buffer;
  /** Null for JSON that parses, else the reason why not. */
  broken: string | null;
}
