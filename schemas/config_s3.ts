import { z } from "zod";
import { duration, HOUR_MS } from "./duration.ts";
import { httpUrl } from "./http_url.ts";

const bucket = z
  .string()
  .regex(/^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|arn:aws[\w-]*:s3\S+)$/, "a bucket's name, or an access point's ARN");

/** Where S3 is, and which of its objects are meant. Credentials come from the SDK's own chain: environment, profile, container, instance. */
const objects = {
  provider: z.string().default("auto"),
  prefix: z.string().default(""),
  suffix: z.string().default(""),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "a region, such as eu-central-1")
    .optional(),
  /** Another address than Amazon's, for S3 of other makers. */
  endpoint: httpUrl.optional(),
  /** The bucket's name goes into the path instead of the host. */
  force_path_style: z.boolean().default(false),
};

/** s3Source lists a bucket again and again and reads what is new. */
export const s3Source = z.strictObject({
  kind: z.literal("s3"),
  bucket,
  ...objects,
  interval: duration.prefault("60s"),
  /** How far back the first look goes, by when objects were written. */
  since: duration.prefault("24h"),
});
export type S3Source = z.infer<typeof s3Source>;

/** sqsSource reads the objects that messages of a queue name. */
export const sqsSource = z.strictObject({
  kind: z.literal("sqs"),
  queue_url: httpUrl,
  /** Only objects of this bucket; left out, whatever the messages name. */
  bucket: bucket.optional(),
  ...objects,
  /** How long a message is hidden from other readers; renewed while its objects are read, so a killed process delays them by so much. */
  visibility: duration
    .refine((ms) => ms >= 1_000 && ms <= 12 * HOUR_MS && ms % 1_000 === 0, "whole seconds, from 1s to 12h")
    .prefault("2m"),
});
export type SqsSource = z.infer<typeof sqsSource>;

/** placeOf names the objects of a source, the same after every start. */
export const placeOf = (source: S3Source): string =>
  [source.endpoint ?? "", source.bucket, source.prefix, source.suffix].join("\0");

/** s3Faults finds buckets and queues that stand twice; sources may be wrong elsewhere. */
export function s3Faults(
  sources: readonly ({ kind?: unknown } | undefined)[],
  fault: (path: (string | number)[], message: string) => void,
): void {
  const places = new Set<string>();
  for (const [i, source] of sources.entries()) {
    if (source?.kind !== "s3" && source?.kind !== "sqs") continue;
    const place = source.kind === "s3" ? placeOf(source as S3Source) : String((source as SqsSource).queue_url);
    if (places.has(place))
      fault(["sources", i], source.kind === "s3" ? "this bucket and prefix stand twice" : "this queue stands twice");
    places.add(place);
  }
}
