import { openS3, openSqs } from "../../ingest/sources/aws.ts";
import { AwsFault } from "../../ingest/sources/aws_fault.ts";
import { listObjects } from "../../ingest/sources/s3_list.ts";
import { openObject } from "../../ingest/sources/s3_object.ts";
import { createQueue } from "../../ingest/sources/sqs.ts";
import type { Config } from "../../schemas/config.ts";
import type { S3Source, SqsSource } from "../../schemas/config_s3.ts";
import { count } from "../out.ts";
import { bad, type Line, ok, warn } from "./line.ts";

const PATIENCE_MS = 15_000;

/** awsLines looks whether the buckets and queues of the config can be read. Nothing is taken out of a queue. */
export async function awsLines(config: Config): Promise<Line[]> {
  const lines: Line[] = [];
  for (const source of config.sources) {
    if (source.kind === "s3")
      lines.push(await told(`source s3://${source.bucket}/${source.prefix}`, bucketLine(source)));
    if (source.kind === "sqs") lines.push(await told(`source ${source.queue_url}`, queueLine(source)));
  }
  return lines;
}

type Says = Omit<Line, "check">;

async function told(check: string, looked: Promise<Says>): Promise<Line> {
  try {
    return { ...(await looked), check };
  } catch (error) {
    const says = (error as Error).message;
    return bad(check, says, error instanceof AwsFault ? "docs/aws.md has the policies" : "mend what it says");
  }
}

async function bucketLine(source: S3Source): Promise<Says> {
  const { bucket, prefix } = source;
  const s3 = await openS3(source);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const listed = listObjects(s3, { bucket, prefix, fromDay: null, dated: new Map(), signal });
  for await (const page of listed) {
    const object = page.find((o) => o.key.endsWith(source.suffix) && o.size > 0 && !o.archived);
    if (object === undefined) continue;
    (await openObject(s3, { bucket, key: object.key }, signal)).close();
    return ok("", "can be listed and read");
  }
  return warn(
    "",
    "can be listed and holds no object that is meant",
    "look at `prefix` and `suffix`, and whether logs arrive",
  );
}

async function queueLine(source: SqsSource): Promise<Says> {
  const queue = createQueue(await openSqs(source.queue_url, source.region), source.queue_url, source.visibility);
  const { waiting, hidden, hasDeadLetters } = await queue.state();
  const says = `${count(waiting)} messages wait, ${count(hidden)} are being read`;
  return hasDeadLetters
    ? ok("", says)
    : warn(
        "",
        `${says}; it has no dead-letter queue`,
        "give it one, or a message that nobody understands comes for ever",
      );
}
