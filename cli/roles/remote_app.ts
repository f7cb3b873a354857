import type { Detector } from "../../detect/detector.ts";
import { openSender } from "../../ingest/kafka/produce.ts";
import type { Yield } from "../../ingest/normalizer.ts";
import type { Writer } from "../../ingest/writer.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import { type App, type AppOptions, FROM_FILE, factsOf, type Taken } from "../app.ts";
import { detectionEngine } from "../parts.ts";
import { type Batches, createBatches } from "./batches.ts";
import { type Hub, openHub, soon } from "./hub.ts";
import { countYield, outgoingOf } from "./publish.ts";
import { createRemoteAlerter } from "./remote_alerter.ts";

/** openRemoteApp is the app of a process that neither judges nor alerts itself: a command, the page, a watched folder. */
export async function openRemoteApp(options: AppOptions): Promise<App> {
  const hub = await openHub(options);
  try {
    const app = await remoteApp(hub);
    return { ...app, close: () => app.close().finally(() => hub.close()) };
  } catch (error) {
    await hub.close();
    throw error;
  }
}

/** remoteApp makes it on the hub of a process that has other roles too; closing it leaves the hub open. */
export async function remoteApp(hub: Hub): Promise<App> {
  const sender = await soon(
    hub,
    () => openSender(hub.kafka, hub.brokers),
    (late) => late.close(),
  );
  const batches = createBatches((messages) => sender.send(messages));

  async function add(yielded: Yield): Promise<Taken> {
    const { events } = yielded;
    const whenStored = batches.add(outgoingOf(hub, yielded, {}), events.length);
    countYield(hub.counters, yielded);
    return { stored: events.length, duplicates: 0, range: null, events, whenStored };
  }

  const nothing = async (): Promise<void> => undefined;
  const judgedElsewhere = { events: 0, findings: 0 };
  const app: App = {
    config: hub.config,
    store: hub.store,
    parts: hub.parts,
    writer: writerOf(add, batches),
    engine: detectionEngine(hub.config, hub.parts, await hub.inventory()),
    detector,
    alerter: createRemoteAlerter({
      store: hub.store,
      topic: hub.topics.commands,
      now: hub.now,
      send: (messages) => sender.send(messages),
    }),
    links: hub.links,
    now: hub.now,
    log: hub.log,
    counters: hub.counters,
    metrics: hub.metrics,
    add,
    async take(yielded, origin = FROM_FILE) {
      const begun = performance.now();
      const taken = await add(yielded);
      void batches.flush();
      // Another push may have these in its batch: what counts is that they are sent.
      await taken.whenStored;
      const seconds = (performance.now() - begun) / 1000;
      hub.metrics.batch({ ...factsOf(yielded, yielded.events.length, 0, origin), seconds });
      return taken;
    },
    judge: async () => judgedElsewhere,
    // The processes that judge look for a new version every few seconds.
    reloadInventory: nothing,
    save: nothing,
    hold: () => () => undefined,
    async close() {
      await batches.flush().catch(() => undefined);
      await sender.close();
    },
  };
  return app;
}

const writerOf = (add: App["add"], { flush, waiting }: Batches): Writer => ({
  async add(events: readonly ApiActivity[]) {
    const taken = await add({ events: [...events], letters: [], dropped: new Map(), records: events.length });
    return { events: [...events], duplicates: 0, stored: taken.whenStored };
  },
  flush,
  waiting,
  lastSeq: () => 0,
});

/** Events are judged where their partition is. */
const detector: Detector = {
  catchUp: async () => ({ events: 0, findings: 0 }),
  beginOrdered: () => ({ offer: async () => undefined, end: async () => ({ events: 0, findings: 0 }) }),
  load: async () => undefined,
  accept: async () => [],
  tick: async () => undefined,
  save: async () => undefined,
  forget: async () => undefined,
  detectedTo: () => 0,
};
