import { createGunzip, gunzipSync } from "node:zlib";

/** Inflated is a stretch of plain bytes, or the reason why the rest of the input cannot be had. */
export type Inflated = { bytes: Buffer } | { broken: string };

/** Input is fed in pieces so small that even a bomb (1 : 1,032) makes no more than about 16 MB of each. */
const PIECE_BYTES = 16 * 1024;
/** Files that are gzip inside gzip (a shipper that compresses what was compressed) are opened so deep. */
const MAX_LAYERS = 3;

export const isGzip = (bytes: Buffer): boolean => bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;

/** InflatesTooFar says that an input unpacks to more than its reader allows, in whatever layer. */
export class InflatesTooFar extends Error {
  override name = "InflatesTooFar";
}

/** Room is what may still be unpacked, bytes, over all layers. */
interface Room {
  left: number;
}

/**
 * gunzipAll passes plain bytes through and inflates gzip, told by its magic bytes and never by a name: members one after another, gzip inside gzip.
 * What comes before an early end or a damaged block is given out, then the reason. Memory is bounded, whatever the ratio.
 * Throws InflatesTooFar when there is no more room.
 */
export async function* gunzipAll(
  chunks: AsyncIterable<Buffer>,
  room: Room = { left: Number.POSITIVE_INFINITY },
  layer = 0,
): AsyncGenerator<Inflated> {
  const iterator = chunks[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  let ended = false;
  while (first.length < 2 && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else first = first.length === 0 ? next.value : Buffer.concat([first, next.value]);
  }
  const all = prepend(first, iterator);
  if (!isGzip(first)) {
    for await (const bytes of all) yield { bytes };
    return;
  }
  const fault: { reason: string | null } = { reason: null };
  const plain = inflate(all, fault, room);
  if (layer + 1 < MAX_LAYERS) yield* gunzipAll(plain, room, layer + 1);
  else for await (const bytes of plain) yield { bytes };
  if (fault.reason) yield { broken: fault.reason };
}

/** gunzipSmall inflates a whole small file at once, or gives null where the slow way is the right one: bombs, broken and nested gzip. */
export function gunzipSmall(bytes: Buffer, maxOutputLength: number): Buffer | null {
  try {
    const plain = gunzipSync(bytes, { maxOutputLength, chunkSize: 256 * 1024 });
    return isGzip(plain) ? null : plain;
  } catch {
    return null;
  }
}

async function* prepend(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* inflate(
  chunks: AsyncIterable<Buffer>,
  fault: { reason: string | null },
  room: Room,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  let ready: Buffer[] = [];
  let failed: Error | null = null;
  const closed = new Promise<void>((resolve) => gunzip.once("close", resolve));
  gunzip.on("data", (bytes: Buffer) => {
    room.left -= bytes.length;
    ready.push(bytes);
  });
  gunzip.on("error", (error) => {
    failed = error;
  });
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length && !failed; from += PIECE_BYTES) {
        await Promise.race([
          new Promise<void>((resolve) => gunzip.write(chunk.subarray(from, from + PIECE_BYTES), () => resolve())),
          closed,
        ]);
        if (room.left < 0) throw new InflatesTooFar();
        const give = ready;
        ready = [];
        yield* give;
      }
      if (failed) break;
    }
    if (!failed) gunzip.end();
    await closed;
    yield* ready;
    if (failed) fault.reason = reasonOf(failed);
  } finally {
    gunzip.destroy();
  }
}

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "Z_BUF_ERROR" ? "gzip ended early" : `gzip is damaged (${error.message})`;
}
