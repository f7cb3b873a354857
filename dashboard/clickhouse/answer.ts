import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Transform } from "node:stream";
import { finished } from "node:stream/promises";
import { type Exception, exceptionOf, statusOf } from "./exception.ts";
import type { Format } from "./formats.ts";
import { packer } from "./pack.ts";
import type { Asked } from "./request.ts";

/** What the engine read for an answer, where it is known before the answer goes. */
export interface Read {
  rowsRead: number;
  bytesRead: number;
}

const SAFE = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "x-clickhouse-server-display-name": "keywatch",
  "x-clickhouse-timezone": "UTC",
} as const;

/** Pieces that wait for the client before the engine is asked for the next one. */
type Pieces = AsyncIterable<Buffer> | Iterable<Buffer>;

/**
 * sendAnswer sends pieces as they come, at the pace of the client. Nothing is sent before the first piece, so that an error up to there has its
 * status; a later one ends the answer as ClickHouse does since 25.11, by a frame with the tag that the header names, and a cut connection.
 */
export async function sendAnswer(
  response: ServerResponse,
  asked: Asked,
  format: Format,
  pieces: Pieces,
  read: Read = { rowsRead: 0, bytesRead: 0 },
): Promise<void> {
  const started = performance.now();
  const tag = randomBytes(8).toString("hex");
  const source = iterate(pieces);
  let current = await source.next();
  const { stream, encoding } = packer(asked.encoding);
  response.writeHead(200, {
    ...SAFE,
    ...headersOf(asked, format),
    "x-clickhouse-exception-tag": tag,
    "x-clickhouse-summary": summary(read, current.done ? 0 : current.value.length, started),
    ...(encoding === null ? {} : { "content-encoding": encoding, vary: "accept-encoding" }),
  });
  stream.pipe(response, { end: false });
  // A client that goes away ends the waiting below.
  const left = new AbortController();
  response.once("close", () => left.abort());
  stream.on("error", () => undefined);
  try {
    while (!current.done) {
      if (left.signal.aborted) return;
      if (!stream.write(current.value)) await once(stream, "drain", { signal: left.signal });
      current = await source.next();
    }
    stream.end();
    await once(stream, "end", { signal: left.signal });
    response.end();
    await finished(response);
  } catch (error) {
    if (left.signal.aborted) return;
    await breakOff(response, stream, frame(exceptionOf(error), tag));
  } finally {
    await source.return?.(undefined);
  }
}

async function* iterate(pieces: Pieces): AsyncGenerator<Buffer, undefined> {
  yield* pieces;
  return undefined;
}

/** The frame goes out whole; without the end of the body, who does not know frames sees a broken answer and not a short one. */
async function breakOff(response: ServerResponse, stream: Transform, bytes: Buffer): Promise<void> {
  const ended = once(stream, "end");
  stream.end(bytes);
  await ended;
  while (response.writableLength > 0 && !response.destroyed) await once(response, "drain");
  response.socket?.end();
}

const frame = ({ text }: Exception, tag: string): Buffer =>
  Buffer.from(`\r\n__exception__\r\n${tag}\r\n${text}\n${Buffer.byteLength(text) + 1} ${tag}\r\n__exception__\r\n`);

const headersOf = (asked: Asked, format: Format) => ({
  "content-type": format.contentType,
  "x-clickhouse-format": format.name,
  "x-clickhouse-query-id": asked.queryId,
});

/** What is known when the answer begins; numbers are texts, as ClickHouse writes them. */
function summary(read: Read, bytes: number, started: number): string {
  return JSON.stringify({
    read_rows: String(read.rowsRead),
    read_bytes: String(read.bytesRead),
    written_rows: "0",
    written_bytes: "0",
    total_rows_to_read: "0",
    result_rows: "0",
    result_bytes: String(bytes),
    elapsed_ns: String(Math.round((performance.now() - started) * 1e6)),
  });
}

/** sendException answers with the code in a header and the text as the body; nothing where an answer is on its way, or nobody listens. */
export function sendException(response: ServerResponse, exception: Exception, asked: Asked | null): void {
  if (response.headersSent || response.destroyed) return;
  const status = statusOf(exception);
  response.writeHead(status, {
    ...SAFE,
    "content-type": "text/plain; charset=UTF-8",
    "x-clickhouse-exception-code": String(exception.code),
    ...(asked === null ? {} : { "x-clickhouse-query-id": asked.queryId }),
    ...(status === 401 ? { "www-authenticate": 'Basic realm="keywatch"' } : {}),
    ...(status === 503 ? { "retry-after": "1" } : {}),
    connection: "close",
  });
  response.end(`${exception.text}\n`);
}
