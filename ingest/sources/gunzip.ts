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
  const inflater = createInflater();
  const shadow = createShadow();
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length && inflater.failed() === null; from += PIECE_BYTES) {
        const piece = chunk.subarray(from, from + PIECE_BYTES);
        const whole = await inflater.write(piece);
        const given = inflater.take();
        yield* spent(given, room);
        if (whole) await shadow.follow(piece);
        else yield* spent(await shadow.rescue(piece, lengthOf(given)), room);
      }
      if (inflater.failed() !== null) break;
    }
    await inflater.end();
    yield* spent(inflater.take(), room);
    const failed = inflater.failed();
    if (failed !== null) fault.reason = reasonOf(failed);
  } finally {
    inflater.destroy();
    shadow.destroy();
  }
}

const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);

function spent(parts: Buffer[], room: Room): Buffer[] {
  room.left -= lengthOf(parts);
  if (room.left < 0) throw new InflatesTooFar();
  return parts;
}

interface Inflater {
  /** False when the piece is damaged, or what came before it ended all. */
  write(piece: Buffer): Promise<boolean>;
  /** What came out since it was last asked. */
  take(): Buffer[];
  end(): Promise<void>;
  failed(): Error | null;
  destroy(): void;
}

function createInflater(): Inflater {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  let ready: Buffer[] = [];
  let failed: Error | null = null;
  const closed = new Promise<boolean>((resolve) => gunzip.once("close", () => resolve(false)));
  gunzip.on("data", (bytes: Buffer) => ready.push(bytes));
  gunzip.on("error", (error) => {
    failed = error;
  });
  return {
    write: (piece) =>
      Promise.race([new Promise<boolean>((resolve) => gunzip.write(piece, (error) => resolve(!error))), closed]),
    take() {
      const taken = ready;
      ready = [];
      return taken;
    },
    async end() {
      if (failed === null) gunzip.end();
      await closed;
    },
    failed: () => failed,
    destroy: () => gunzip.destroy(),
  };
}

/** Compressed bytes that are kept for a second reading; what is longer is read twice as it comes. */
const KEPT_BYTES = 8 * 1024 * 1024;

interface Shadow {
  follow(piece: Buffer): Promise<void>;
  /** What a damaged piece holds before its damage, without the first `given` bytes. */
  rescue(piece: Buffer, given: number): Promise<Buffer[]>;
  destroy(): void;
}

/**
 * createShadow stays one piece behind: zlib throws its last output away (up to 64 KB) when it meets damage, and only a second
 * one, fed byte by byte from before the damaged piece, gives out all that stands before the damaged byte.
 */
function createShadow(): Shadow {
  let inflater: Inflater | null = null;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  const catchUp = async (): Promise<Inflater> => {
    inflater ??= createInflater();
    for (const piece of kept) {
      await inflater.write(piece);
      inflater.take();
    }
    kept = [];
    return inflater;
  };
  return {
    async follow(piece) {
      kept.push(piece);
      keptBytes += piece.length;
      if (keptBytes > KEPT_BYTES) await catchUp();
    },
    async rescue(piece, given) {
      const behind = await catchUp();
      for (let at = 0; at < piece.length; at++) if (!(await behind.write(piece.subarray(at, at + 1)))) break;
      return [Buffer.concat(behind.take()).subarray(given)];
    },
    destroy: () => inflater?.destroy(),
  };
}

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "Z_BUF_ERROR" ? "gzip ended early" : `gzip is damaged (${error.message})`;
}
