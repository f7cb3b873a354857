import type { App } from "./app.ts";
import { pollApi } from "./poll.ts";
import { pollS3 } from "./poll_s3.ts";
import { readQueue } from "./read_queue.ts";

/** askSources begins to ask the sources of the config that have to be asked for what is new. */
export function askSources(app: App): { stop(): Promise<void> }[] {
  return app.config.sources.flatMap((source) => {
    if (source.kind === "api") return pollApi(app, source);
    if (source.kind === "s3") return pollS3(app, source);
    return source.kind === "sqs" ? readQueue(app, source) : [];
  });
}
