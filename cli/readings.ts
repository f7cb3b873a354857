import type { Alerter } from "../alert/alerter.ts";
import { DAY_MS } from "../schemas/duration.ts";
import type { Judging, Readings } from "../schemas/metrics.ts";
import { incidentCounts, openDeadLetters } from "../schemas/queries/metrics.ts";
import { providersSeen } from "../schemas/queries/rollups.ts";
import type { App } from "./app.ts";
import { databases } from "./databases.ts";

/** Standing is what the stages of this process know; null of what another process does. */
export interface Standing {
  judging(): Judging | null;
  queue(): ReturnType<Alerter["queue"]> | null;
}

/** Two scrapers ask one store no more than one does. */
const FRESH_MS = 5_000;
/** A provider that said nothing for longer was read in once. */
const SILENT_MS = 30 * DAY_MS;

/** createReadings gives what stands now, for whoever asks for the metrics. */
export function createReadings(app: App, standing: Standing = standingOf(app)): () => Promise<Readings> {
  let at = Number.NEGATIVE_INFINITY;
  let last: Promise<Readings> | null = null;
  return () => {
    if (last === null || app.now() - at >= FRESH_MS) {
      at = app.now();
      last = readingsOf(app, standing);
      last.catch(() => {
        last = null;
      });
    }
    return last;
  };
}

const standingOf = ({ engine, detector, writer, alerter }: App): Standing => ({
  judging: () => ({
    aboveCheckpoint: Math.max(0, writer.lastSeq() - detector.detectedTo()),
    deferred: engine.deferred(),
    profiles: engine.tracked(),
  }),
  queue: () => alerter.queue(),
});

async function readingsOf({ store, now: clock, config }: App, standing: Standing): Promise<Readings> {
  const now = clock();
  const age = (at: number): number => Math.max(0, now - at) / 1000;
  // The engines' time goes on by the clock where a log says nothing: only the store tells how old its newest event is.
  const [incidents, letters, providers] = await Promise.all([
    store.ask(incidentCounts, {}),
    store.ask(openDeadLetters, {}),
    store.ask(providersSeen, { from: now - SILENT_MS }),
  ]);
  const queue = standing.queue();
  return {
    incidents,
    deadLetters: letters[0]?.count ?? 0,
    judging: standing.judging(),
    outbox: queue && { size: queue.size, oldestSeconds: queue.oldestDue === null ? 0 : age(queue.oldestDue) },
    providerLag: providers.map(({ provider, newest }) => ({ provider, seconds: age(newest) })),
    databases: databases(config).flatMap(({ name, madeAt }) =>
      madeAt === null ? [] : [{ database: name, seconds: age(madeAt) }],
    ),
  };
}
