import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type Asked, type AwsServer, BUCKET, refuseS3 } from "./server.ts";

export interface Stored {
  body: Buffer;
  modified: Date;
  storageClass?: string;
}
/** Bucket holds objects by key. */
export type Bucket = Map<string, Stored>;

export const etagOf = (body: Buffer): string => createHash("md5").update(body).digest("hex");

/** Objects on a page, fewer than S3's 1,000. */
const PAGE = 3;

export function answerS3({ bucket, give }: AwsServer, asked: Asked, response: ServerResponse): void {
  const object = bucket.get(asked.key);
  if (asked.bucket !== BUCKET) refuseS3(response, { status: 404, code: "NoSuchBucket" });
  else if (asked.operation === "ListObjectsV2") list(bucket, asked.query, response);
  else if (object === undefined) refuseS3(response, { status: 404, code: "NoSuchKey" });
  else hand(object, give, response);
}

function hand(object: Stored, give: AwsServer["give"], response: ServerResponse): void {
  response.setHeader("etag", `"${etagOf(object.body)}"`);
  response.setHeader("content-length", object.body.length);
  response.setHeader("last-modified", object.modified.toUTCString());
  give(object.body, response);
}

/** S3 orders keys by the bytes of their UTF-8; a page counts keys and common prefixes alike. */
function list(bucket: Bucket, query: URLSearchParams, response: ServerResponse): void {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
  const most = Math.min(PAGE, Number(query.get("max-keys") ?? PAGE));
  const encoded = query.get("encoding-type") === "url";
  const text = (key: string) =>
    encoded ? encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/") : xml(key);
  const keys = [...bucket.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes);
  const contents: string[] = [];
  const prefixes: string[] = [];
  let last = "";
  let truncated = false;
  for (const key of keys) {
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? key : key.slice(0, end + 1);
    if (byBytes(name, after) <= 0 || name === last) continue;
    if (contents.length + prefixes.length === most) {
      truncated = true;
      break;
    }
    last = name;
    if (end >= 0) prefixes.push(`<CommonPrefixes><Prefix>${text(name)}</Prefix></CommonPrefixes>`);
    else {
      const { body, modified, storageClass = "STANDARD" } = bucket.get(key)!;
      contents.push(
        `<Contents><Key>${text(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>&quot;${etagOf(body)}&quot;</ETag><Size>${body.length}</Size><StorageClass>${storageClass}</StorageClass></Contents>`,
      );
    }
  }
  response.writeHead(200, { "content-type": "application/xml" });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${BUCKET}</Name><Prefix>${text(prefix)}</Prefix><KeyCount>${contents.length + prefixes.length}</KeyCount><MaxKeys>${most}</MaxKeys>${encoded ? "<EncodingType>url</EncodingType>" : ""}<IsTruncated>${truncated}</IsTruncated>${truncated ? `<NextContinuationToken>${xml(last)}</NextContinuationToken>` : ""}${contents.join("")}${prefixes.join("")}</ListBucketResult>`,
  );
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const xml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
