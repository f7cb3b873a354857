import { setTimeout as wait } from "node:timers/promises";
import { emptyYield } from "../ingest/normalizer.ts";
import { type AwsPlace, openS3, openSqs, regionOf, type S3 } from "../ingest/sources/aws.ts";
import { type NamedObject, noticeOf } from "../ingest/sources/s3_notice.ts";
import { contentOf } from "../ingest/sources/s3_object.ts";
import { createQueue, type Queue, type QueueMessage } from "../ingest/sources/sqs.ts";
import type { SqsSource } from "../schemas/config_s3.ts";
import type { App } from "./app.ts";
import { createProgress } from "./progress.ts";
import { readObject } from "./read_object.ts";

/** Messages worked on at once. */
const MESSAGES_AT_ONCE = 4;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
const NOT_MEANT = "S3 object that the source does not ask for";

/**
 * readQueue reads the objects that messages of a queue name. A message is removed when all its events are stored, and not before: whatever
 * fails in between, the queue gives it out again, and what is stored is absorbed.
 */
export function readQueue(app: App, source: SqsSource): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const facts = { queue: source.queue_url };
  const readers = open().then(({ s3, queue }) =>
    Promise.all(Array.from({ length: MESSAGES_AT_ONCE }, () => readMessages(s3, queue))),
  );
  const ended = readers.then(
    () => undefined,
    (error: unknown) => app.log.error({ ...facts, error: String(error) }, "The queue is not read."),
  );

  async function open(): Promise<{ s3: S3; queue: Queue }> {
    const place: AwsPlace = { ...source, region: source.region ?? regionOf(source.queue_url) };
    const [s3, sqs] = await Promise.all([openS3(place), openSqs(source.queue_url, place.region)]);
    return { s3, queue: createQueue(sqs, source.queue_url, source.visibility) };
  }

  async function readMessages(s3: S3, queue: Queue): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        const message = await queue.receive(signal);
        if (message !== null) await hidden(queue, message, () => readMessage(s3, queue, message));
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (signal.aborted) return;
        app.log.error({ ...facts, error: String(error) }, "Reading a queue failed; its messages come again.");
        await wait(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(MAX_PAUSE_MS, 2 * pause);
      }
    }
  }

  /** hidden keeps a message from other readers while it is worked on. */
  async function hidden(queue: Queue, message: QueueMessage, work: () => Promise<void>): Promise<void> {
    const timer = setInterval(() => {
      queue
        .extend(message)
        .catch((error: unknown) =>
          app.log.warn(
            { ...facts, message: message.id, error: String(error) },
            "A message could not be kept hidden; it may be read twice and counts once.",
          ),
        );
    }, source.visibility / 3);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
  }

  async function readMessage(s3: S3, queue: Queue, message: QueueMessage): Promise<void> {
    const notice = noticeOf(message.body);
    if (notice.kind === "unknown") {
      app.log.error(
        { ...facts, message: message.id, received: message.received, reason: notice.reason },
        "A message is not understood and stays in the queue, for its dead-letter policy to take.",
      );
      return;
    }
    const meant = notice.objects.filter(isMeant);
    const passed = [...notice.passed, ...Array.from({ length: notice.objects.length - meant.length }, () => NOT_MEANT)];
    for (const object of meant) await readNamed(s3, object);
    if (passed.length > 0) await app.take(passedOver(passed), { source: "sqs", bytes: null });
    await queue.remove(message);
  }

  async function readNamed(s3: S3, object: NamedObject): Promise<void> {
    const progress = createProgress(app.store, app.now);
    // A message that came twice costs no look at the object.
    if (object.etag !== null) {
      const earlier = await progress.of(contentOf(object.etag));
      if (earlier?.complete) return;
    }
    await readObject(object, {
      app,
      s3,
      provider: source.provider,
      progress,
      signal,
      async store(block) {
        await app.take(block.yielded, { source: "sqs", bytes: null });
        await progress.reached(block.reached);
      },
    });
    await progress.flush();
  }

  const isMeant = ({ bucket, key }: NamedObject): boolean =>
    (source.bucket === undefined || source.bucket === bucket) &&
    key.startsWith(source.prefix) &&
    key.endsWith(source.suffix);

  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

function passedOver(reasons: readonly string[]) {
  const yielded = emptyYield();
  yielded.records = reasons.length;
  for (const reason of reasons) yielded.dropped.set(reason, (yielded.dropped.get(reason) ?? 0) + 1);
  return yielded;
}
