import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { S3 } from "./aws.ts";
import { awsFault } from "./aws_fault.ts";
import { beforeDay, type DatedFolders, datedFolders } from "./s3_layout.ts";

export interface S3Object {
  key: string;
  etag: string;
  size: number;
  /** When it was written; for an upload in parts, when that began. Ms. */
  modified: number;
  archived: boolean;
}

export interface ListOptions {
  bucket: string;
  prefix: string;
  /** Folders named by a day before this one are left out, ms; null lists everything. */
  fromDay: number | null;
  /** Prefixes whose folders are named by the day; kept from look to look, so that each costs one request. */
  dated: Map<string, DatedFolders>;
  signal: AbortSignal;
}

interface Page {
  objects: S3Object[];
  folders: string[];
}

/**
 * listObjects gives the objects of a prefix, a page of at most 1,000 at a time; the next page is asked for when the last one was taken.
 * Keys are in order of their names: CloudTrail's of account, region, day. One `StartAfter` for all of them would pass over the new objects of
 * every region but the last, so it is set for each row of dated folders, and what lies above those is walked.
 */
export async function* listObjects(s3: S3, options: ListOptions): AsyncGenerator<S3Object[]> {
  if (options.fromDay === null) yield* flat(s3, options, options.prefix);
  else yield* walk(s3, options, options.prefix, options.fromDay);
}

/** More folders than a page holds are not walked one by one: a plain listing costs less. */
async function* walk(s3: S3, options: ListOptions, prefix: string, fromDay: number): AsyncGenerator<S3Object[]> {
  const known = options.dated.get(prefix);
  if (known) {
    yield* flat(s3, options, prefix, prefix + beforeDay(known, fromDay));
    return;
  }
  const folders: string[] = [];
  for await (const page of pages(s3, options, { Prefix: prefix, Delimiter: "/" })) {
    if (folders.length > 0 && page.folders.length > 0) {
      yield* flat(s3, options, prefix);
      return;
    }
    folders.push(...page.folders);
    if (page.objects.length > 0) yield page.objects;
  }
  const dated = await datedIn(s3, options, prefix, folders);
  if (dated !== null) {
    options.dated.set(prefix, dated);
    yield* flat(s3, options, prefix, prefix + beforeDay(dated, fromDay));
  } else for (const folder of folders) yield* walk(s3, options, folder, fromDay);
}

async function datedIn(
  s3: S3,
  options: ListOptions,
  prefix: string,
  folders: readonly string[],
): Promise<DatedFolders | null> {
  if (!folders.every((folder) => /\d{4}/.test(folder.slice(prefix.length)))) return null;
  const first = folders[0];
  if (first === undefined) return null;
  const sample = await ask(s3, options, { Prefix: first, MaxKeys: 1 });
  const key = sample.objects[0]?.key;
  if (key === undefined) return null;
  return datedFolders(
    folders.map((folder) => folder.slice(prefix.length)),
    key.slice(prefix.length),
  );
}

async function* flat(s3: S3, options: ListOptions, prefix: string, after?: string): AsyncGenerator<S3Object[]> {
  for await (const { objects } of pages(s3, options, {
    Prefix: prefix,
    ...(after === undefined ? {} : { StartAfter: after }),
  }))
    if (objects.length > 0) yield objects;
}

async function* pages(
  s3: S3,
  options: ListOptions,
  question: Partial<ListObjectsV2CommandInput>,
): AsyncGenerator<Page> {
  let token: string | undefined;
  do {
    const answer: Page & { next: string | undefined } = await ask(s3, options, {
      ...question,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    yield answer;
    token = answer.next;
  } while (token !== undefined);
}

async function ask(
  { client, sdk }: S3,
  { bucket, signal }: ListOptions,
  question: Partial<ListObjectsV2CommandInput>,
): Promise<Page & { next: string | undefined }> {
  // Encoded, so that no key breaks the XML or loses a space in it.
  const input = { Bucket: bucket, EncodingType: "url" as const, ...question };
  let answer: ListObjectsV2CommandOutput;
  try {
    answer = await client.send(new sdk.ListObjectsV2Command(input), { abortSignal: signal });
  } catch (error) {
    throw awsFault(error, { right: "s3:ListBucket", on: `the bucket ${bucket}` });
  }
  const plain = answer.EncodingType === "url" ? decodedKey : (text: string) => text;
  return {
    objects: (answer.Contents ?? []).map((object) => ({
      key: plain(object.Key ?? ""),
      etag: object.ETag ?? "",
      size: object.Size ?? 0,
      modified: object.LastModified?.getTime() ?? 0,
      archived: /^(GLACIER|DEEP_ARCHIVE)$/.test(object.StorageClass ?? ""),
    })),
    folders: (answer.CommonPrefixes ?? []).map((folder) => plain(folder.Prefix ?? "")),
    next: answer.IsTruncated ? answer.NextContinuationToken : undefined,
  };
}

/** decodedKey reads a key as S3 writes it in lists and notifications: a space is `+`. Throws where it is none. */
export const decodedKey = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));
