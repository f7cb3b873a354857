import { type Alerter, createAlerter } from "../alert/alerter.ts";
import { createLinkSigner, type LinkSigner } from "../alert/inbound/link.ts";
import { type CatchUpOptions, createDetector, type Detector } from "../detect/detector.ts";
import type { Engine } from "../detect/engine.ts";
import { createInventoryIndex, type InventoryIndex } from "../detect/inventory_index.ts";
import { storeDeadLetters } from "../ingest/dead_letter.ts";
import type { PlaceOverride } from "../ingest/enrich/enrich.ts";
import { loadPepper, pepperCheck } from "../ingest/fingerprint.ts";
import type { Yield } from "../ingest/normalizer.ts";
import { createWriter, type Writer } from "../ingest/writer.ts";
import type { ApiActivity } from "../schemas/activity.ts";
import type { Config } from "../schemas/config.ts";
import { type BatchFacts, type Metrics, noMetrics } from "../schemas/metrics.ts";
import type { SeqRange } from "../schemas/queries/detect.ts";
import { connectStore } from "../schemas/store/connect.ts";
import { migrate } from "../schemas/store/migrate.ts";
import { type Store, StoreDown } from "../schemas/store/store.ts";
import { ownersIn } from "./answering.ts";
import { gathered } from "./gather.ts";
import { judgeLeftovers } from "./history.ts";
import { addInventory, readInventory } from "./inventory_store.ts";
import { type Loaded, readInventoryFile } from "./load_config.ts";
import type { Log } from "./log.ts";
import { detectionEngine, faultTeller, ingestParts, latenessOf, type Parts } from "./parts.ts";
import { createPosture } from "./posture.ts";
import { createStoreDoor, type StoreDoor } from "./store_door.ts";

/** App is everything that works on one store: the stages, wired in the direction of the data. */
export interface App {
  config: Config;
  store: StoreDoor;
  parts: Parts;
  writer: Writer;
  engine: Engine;
  detector: Detector;
  alerter: Alerter;
  /** Signs and reads the addresses in mails. */
  links: LinkSigner;
  now: () => number;
  log: Log;
  counters: Counters;
  metrics: Metrics;
  /** Stores what a live source read and counts every exit; comes back when the rows are stored, and has them judged behind. */
  take(yielded: Yield, origin?: Origin): Promise<Taken>;
  /** Counts every exit and adds the new events to the block that waits; `writer.flush` stores it. For inputs that are judged as a whole. */
  add(yielded: Yield, origin?: Origin): Promise<Taken>;
  /** Judges rows that were stored and not judged, in event-time order. */
  judge(ranges: readonly SeqRange[], options: CatchUpOptions): Promise<{ events: number; findings: number }>;
  /** Reads the declarations again, after an import. */
  reloadInventory(): Promise<void>;
  /** Writes profiles and checkpoint; takes wait meanwhile, so that everything stored was judged. */
  save(): Promise<void>;
  /** While a job stores history to judge it later, no checkpoint may pass it: `hold` nests; what it gives ends it. */
  hold(): () => void;
  close(): Promise<void>;
}

/** Origin says where a batch came from, for the metrics. */
export interface Origin {
  /** The kind of the source, such as http. */
  source: string;
  /** Size as read, unpacked; null where nobody counted. */
  bytes: number | null;
}

export interface Taken {
  stored: number;
  duplicates: number;
  /** Numbers of the new rows; null when there are none. */
  range: SeqRange | null;
  /** The new rows. */
  events: readonly ApiActivity[];
  /** Resolves when they are stored. */
  whenStored: Promise<void>;
}

/** Counters of every way out of a step, for `/metrics`, `doctor` and the end of a command. */
export interface Counters {
  records: number;
  stored: number;
  duplicates: number;
  deadLetters: number;
  dropped: Map<string, number>;
  findings: number;
}

export interface AppOptions {
  loaded: Loaded;
  log: Log;
  now?: () => number;
  places?: readonly PlaceOverride[];
  env?: Record<string, string | undefined>;
  /** Output of the console channel. */
  output?: NonNullable<Parameters<typeof createAlerter>[0]["output"]>;
  metrics?: Metrics;
  /** The caller judges what an earlier run stored and did not judge; left out, it is done before the app is given. */
  keepLeftovers?: true;
}

/** Pushes that come together are stored together, one block in so many ms: small blocks cost the engine more than their rows do. */
const FLUSH_EVERY_MS = 100;
/** Live events that may wait to be judged before senders have to. */
const MAX_BACKLOG = 50_000;

export const FROM_FILE: Origin = { source: "file", bytes: null };

/**
 * openApp opens the store, brings it to this version and wires the stages; with `kafka`, the stages are other processes. Throws StoreDown
 * or ConfigFault with the mend.
 */
export async function openApp(options: AppOptions): Promise<App> {
  const { config } = options.loaded;
  if (config.kafka !== null) return (await import("./roles/remote_app.ts")).openRemoteApp(options);
  const now = options.now ?? Date.now;
  const connected = await connectStore(config, (sentence) => options.log.warn(sentence));
  const store = createStoreDoor(connected, options.metrics ?? noMetrics);
  try {
    return await wire(store, options, now);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function wire(store: StoreDoor, options: AppOptions, now: () => number): Promise<App> {
  const { loaded, log, metrics = noMetrics } = options;
  const { config } = loaded;
  await migrate(store, config);
  const pepper = loadPepper({ directory: config.store.path, env: options.env ?? process.env });
  await checkPepper(store, pepper);
  const parts = await ingestParts(config, {
    pepper,
    onFault: (sentence) => log.warn(sentence),
    ...(options.places ? { places: options.places } : {}),
  });
  if (config.inventory !== null)
    await addInventory(store, readInventoryFile(config.inventory, config), now(), parts.fingerprint);
  const inventory = async (): Promise<InventoryIndex> =>
    createInventoryIndex(await readInventory(store), parts.fingerprint);
  let declared = await inventory();
  const engine = detectionEngine(config, parts, declared, faultTeller(log));
  const posture = createPosture({
    store,
    watermarks: async () => new Map(engine.providers().map((p) => [p, engine.watermark(p)])),
    inventory: () => declared,
    config,
  });
  const links = createLinkSigner(pepper);
  const alerter = await createAlerter({
    store,
    config,
    links,
    ownerOf: ownersIn(store),
    now,
    log: (level, sentence, facts) => log[level](facts, sentence),
    metrics,
    ...(options.output ? { output: options.output } : {}),
  });
  const counters: Counters = { records: 0, stored: 0, duplicates: 0, deadLetters: 0, dropped: new Map(), findings: 0 };
  const detector = await createDetector({
    store,
    engine,
    now,
    latenessOf: latenessOf(config, parts),
    onFindings: async (findings, { report }) => {
      counters.findings += findings.length;
      metrics.findings(findings);
      await alerter.apply(findings, { report });
    },
  });
  const writer = await createWriter(store);
  let held = 0;
  let inFlight = 0;
  let takes = 0;
  const flushSoon = gathered(() => void writer.flush().catch(() => undefined), FLUSH_EVERY_MS);
  let backlog = 0;
  let gate: Promise<void> = Promise.resolve();
  let drained: () => void = () => undefined;

  /** Live rows are judged behind the answer, a bounded number of them. */
  async function judgeLive(events: readonly ApiActivity[]): Promise<void> {
    backlog += events.length;
    const start = performance.now();
    const judged = detector
      .accept(events)
      .catch((error: unknown) =>
        log.error({ error: String(error) }, "Judging events failed; the findings go out with the next ones."),
      )
      .then(() => {
        metrics.judged({ events: events.length, seconds: (performance.now() - start) / 1000 });
        backlog -= events.length;
        leave();
      });
    if (backlog > MAX_BACKLOG) await judged;
  }

  function leave(): void {
    inFlight--;
    if (inFlight === 0) drained();
  }

  async function add(yielded: Yield, origin: Origin = FROM_FILE): Promise<Taken> {
    const start = performance.now();
    await storeDeadLetters(store, yielded.letters);
    const { events, duplicates, stored } = await writer.add(yielded.events);
    count(yielded, events.length, duplicates);
    const facts = factsOf(yielded, events.length, duplicates, origin);
    // Rows that the store refused come again, and are counted then.
    stored.then(
      () => metrics.batch({ ...facts, seconds: (performance.now() - start) / 1000 }),
      () => undefined,
    );
    const range = events.length === 0 ? null : { from: events[0]!.seq, to: events.at(-1)!.seq };
    return { stored: events.length, duplicates, range, events, whenStored: stored };
  }

  async function stored(yielded: Yield, origin: Origin): Promise<Taken> {
    takes++;
    try {
      const taken = await add(yielded, origin);
      // Another push may have these rows in its flush: what counts is that they are stored.
      flushSoon(takes === 1);
      await taken.whenStored;
      return taken;
    } finally {
      takes--;
    }
  }

  async function take(yielded: Yield, origin: Origin = FROM_FILE): Promise<Taken> {
    await gate;
    inFlight++;
    try {
      const taken = await stored(yielded, origin);
      if (taken.stored > 0) {
        inFlight++;
        await judgeLive(taken.events);
      }
      return taken;
    } finally {
      leave();
    }
  }

  function count(yielded: Yield, stored: number, duplicates: number): void {
    counters.records += yielded.records;
    counters.stored += stored;
    counters.duplicates += duplicates;
    counters.deadLetters += yielded.letters.length;
    for (const [reason, n] of yielded.dropped) counters.dropped.set(reason, (counters.dropped.get(reason) ?? 0) + n);
  }

  async function save(): Promise<void> {
    if (held > 0) return;
    await gate;
    let open: () => void = () => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    try {
      if (inFlight > 0)
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
      if (held === 0) {
        await detector.save(writer.lastSeq());
        metrics.findings(await posture.daily());
      }
    } finally {
      drained = () => undefined;
      open();
    }
  }

  const app: App = {
    config,
    store,
    parts,
    writer,
    engine,
    detector,
    alerter,
    links,
    now,
    log,
    counters,
    metrics,
    add,
    take,
    save,
    judge: (ranges, judging) => detector.catchUp(ranges, judging),
    async reloadInventory() {
      declared = await inventory();
      engine.setInventory(declared);
      posture.again();
    },
    hold() {
      held++;
      let done = false;
      return () => {
        if (!done) held--;
        done = true;
      };
    },
    async close() {
      await alerter.stop();
      await store.close();
    },
  };
  if (!options.keepLeftovers) await judgeLeftovers(app);
  return app;
}

/** factsOf is what the metrics want of a batch; it holds nothing of the records, which must be able to go. */
export const factsOf = (
  yielded: Yield,
  stored: number,
  duplicates: number,
  origin: Origin,
): Omit<BatchFacts, "seconds"> => ({
  ...origin,
  // Sources are of one provider; where they are mixed, the first record names the batch.
  provider: yielded.events[0]?.provider ?? yielded.letters[0]?.provider ?? "unknown",
  stored,
  duplicates,
  dropped: yielded.dropped,
  deadLetters: yielded.letters.map((l) => l.reason),
});

/** All processes of one installation share the pepper; another one would give every key a second name. */
export async function checkPepper(store: Store, pepper: Buffer): Promise<void> {
  const value = pepperCheck(pepper);
  const [row] = await store.rows("SELECT value FROM meta FINAL WHERE name = 'pepper_check'");
  if (row === undefined) {
    await store.insert("meta", [{ name: "pepper_check", value, updated_at: new Date().toISOString() }]);
  } else if (row.value !== value) {
    throw new StoreDown(
      "The pepper does not belong to this store, so every key would get a second name. Set KEYWATCH_PEPPER to the value it was made with, or bring back the file `pepper` of its data directory.",
    );
  }
}
