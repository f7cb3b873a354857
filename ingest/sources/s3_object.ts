import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { S3 } from "./aws.ts";
import { type Asked, awsFault } from "./aws_fault.ts";
import type { SliceBatch } from "./batch.ts";
import { readFileRecords } from "./file.ts";

export interface ObjectName {
  bucket: string;
  key: string;
}

/**
 * contentOf names an object by its content, however it is called or moved: its entity tag is the MD5 of what was put in one
 * request, and for other uploads at least never that of two contents.
 */
export const contentOf = (etag: string): string =>
  `s3:${createHash("sha256")
    .update(etag.replace(/^W\/|"/g, ""))
    .digest("hex")
    .slice(0, 32)}`;

/** OpenObject is an object whose body waits on the wire; it is read, or closed. */
export interface OpenObject {
  /** Its name by content. */
  source: string;
  records(): AsyncGenerator<SliceBatch>;
  close(): void;
}

/** openObject asks for an object; throws AwsFault. */
export async function openObject(
  { client, sdk }: S3,
  { bucket, key }: ObjectName,
  signal: AbortSignal,
): Promise<OpenObject> {
  const asked = { right: "s3:GetObject", on: `s3://${bucket}/${key}` };
  try {
    const answer = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    const body = answer.Body as Readable;
    if (!answer.ETag) {
      body.destroy();
      throw new Error("it has no entity tag, so nobody could tell whether it was read");
    }
    return {
      source: contentOf(answer.ETag),
      records: () => telling(readFileRecords(body, { size: answer.ContentLength ?? null }), asked),
      close: () => void body.destroy(),
    };
  } catch (error) {
    throw awsFault(error, asked);
  }
}

/** A body that ends early is a fault of the wire, not of the records. */
async function* telling<T>(batches: AsyncIterable<T>, asked: Asked): AsyncGenerator<T> {
  try {
    yield* batches;
  } catch (error) {
    throw awsFault(error, asked);
  }
}
