import type { Readings } from "../schemas/metrics.ts";
import { incidentCounts, openDeadLetters } from "../schemas/queries/metrics.ts";
import type { App } from "./app.ts";
import { databases } from "./databases.ts";

/** Two scrapers ask one store no more than one does. */
const FRESH_MS = 5_000;

/** createReadings gives what stands now, for whoever asks for the metrics. */
export function createReadings(app: App): () => Promise<Readings> {
  let at = Number.NEGATIVE_INFINITY;
  let last: Promise<Readings> | null = null;
  return () => {
    if (last === null || app.now() - at >= FRESH_MS) {
      at = app.now();
      last = readingsOf(app);
      last.catch(() => {
        last = null;
      });
    }
    return last;
  };
}

async function readingsOf(app: App): Promise<Readings> {
  const { store, engine, detector, writer, alerter } = app;
  const now = app.now();
  const [incidents, letters] = await Promise.all([store.ask(incidentCounts, {}), store.ask(openDeadLetters, {})]);
  const queue = alerter.queue();
  return {
    incidents,
    deadLetters: letters[0]?.count ?? 0,
    aboveCheckpoint: Math.max(0, writer.lastSeq() - detector.detectedTo()),
    deferred: engine.deferred(),
    profiles: engine.tracked(),
    outbox: {
      size: queue.size,
      oldestSeconds: queue.oldestDue === null ? 0 : Math.max(0, now - queue.oldestDue) / 1000,
    },
    providerLag: engine
      .providers()
      .filter((provider) => engine.watermark(provider) > 0)
      .map((provider) => ({ provider, seconds: Math.max(0, now - engine.watermark(provider)) / 1000 })),
    databases: databases(app.config).flatMap(({ name, madeAt }) =>
      madeAt === null ? [] : [{ database: name, seconds: Math.max(0, now - madeAt) / 1000 }],
    ),
  };
}
