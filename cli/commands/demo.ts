import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as othersFirst } from "node:timers/promises";
import { createExposition } from "../../dashboard/metrics.ts";
import { createNormalizer, emptyYield, type Yield } from "../../ingest/normalizer.ts";
import { type ConfigText, config } from "../../schemas/config.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { type App, openApp } from "../app.ts";
import { DEMO_HISTORY_DAYS, demoFleet, type Fleet } from "../demo/fleet.ts";
import { generateHistory } from "../demo/history.ts";
import { demoInventory } from "../demo/inventory.ts";
import { playLive } from "../demo/live.ts";
import { places } from "../demo/places.ts";
import { addInventory } from "../inventory_store.ts";
import { listenAt } from "../load_config.ts";
import type { Log } from "../log.ts";
import { count, type Out } from "../out.ts";
import { requireFree, startServing } from "../serve.ts";
import { storeCommands } from "./store_commands.ts";

export interface DemoOptions {
  seed: number;
  listen: string | null;
  /** Ends by itself after so long, ms; 0 runs until it is stopped. */
  forMs: number;
}

const BLOCK = 10_000;

/** demo fills a store of its own with a fleet's history and serves it, while keys of the fleet get stolen. Gives the exit code. */
export async function demo(options: DemoOptions, out: Out, log: Log, stopped: Promise<void>): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "keywatch-demo-"));
  try {
    const text: ConfigText = {
      store: { path: directory },
      // Nobody wants to wait half a minute for the first incident of a demo.
      route: { receiver: "console", group_wait: "1s" },
    };
    const now = Date.now();
    const fleet = demoFleet(options.seed, now);
    const metrics = createExposition();
    const loaded = { config: config.parse(text), base: directory, file: null };
    if (options.listen !== null) listenAt(loaded.config, options.listen);
    await requireFree(loaded.config.http.listen);
    const app = await openApp({ loaded, log, places, metrics });
    await addInventory(app.store, demoInventory(fleet), 0, app.parts.fingerprint);
    await app.reloadInventory();
    const stopping = new AbortController();
    stopped.then(() => stopping.abort());
    await learn(app, fleet, options.seed, now, out, stopping.signal);
    if (stopping.signal.aborted) {
      await app.close();
      return 0;
    }
    const running = await startServing(app, storeCommands, out, { exposition: metrics, load: () => loaded }).catch(
      async (error: unknown) => {
        await app.close();
        throw error;
      },
    );
    out.note(`\nkeywatch demo is at ${running.address}  (Ctrl-C ends it and removes its data)`);
    out.note(
      `The fleet goes on working, and in the next 20 seconds its keys get stolen. Ask it from another terminal:\n  KEYWATCH_DATA=${directory} npx keywatch incidents list\n`,
    );
    await running.ready;
    await play(app, fleet, options, stopped);
    await running.stop();
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function learn(app: App, fleet: Fleet, seed: number, now: number, out: Out, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const reader = createReader(app);
  const ranges: { from: number; to: number }[] = [];
  const store = async (yielded: Yield) => {
    const { range } = await app.add(yielded);
    await app.writer.flush();
    if (range) ranges.push(range);
  };
  for (const record of generateHistory({ fleet, seed, from: now - DEMO_HISTORY_DAYS * DAY_MS, to: now })) {
    reader.read(record);
    if (reader.yielded.events.length < BLOCK) continue;
    await store(reader.take());
    out.progress(`Loading ${DEMO_HISTORY_DAYS} days of the fleet's history: ${count(app.writer.lastSeq())} events`);
    // A Ctrl-C has to be heard meanwhile.
    await othersFirst();
    if (signal.aborted) break;
  }
  if (!signal.aborted) {
    await store(reader.take());
    await app.judge(ranges, { report: true, signal });
  }
  out.progress(null);
  if (signal.aborted) return;
  await app.save();
  out.note(
    `Learned ${DEMO_HISTORY_DAYS} days of ${fleet.agents.length} keys: ${count(app.writer.lastSeq())} events in ${((performance.now() - started) / 1000).toFixed(1)} s.`,
  );
}

async function play(app: App, fleet: Fleet, options: DemoOptions, stopped: Promise<void>): Promise<void> {
  const start = Date.now();
  let over = false;
  stopped.then(() => {
    over = true;
  });
  const end = options.forMs > 0 ? start + options.forMs : Number.MAX_SAFE_INTEGER;
  const reader = createReader(app);
  for (const { atMs, record } of playLive({ fleet, seed: options.seed, start })) {
    const wait = Math.min(start + atMs, end) - Date.now();
    if (wait > 0) await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, wait))]);
    if (over || Date.now() >= end) return;
    reader.read(record);
    await app.take(reader.take());
  }
}

/** The demo's records go the way of everybody's: text in, normalised events out. */
function createReader(app: App) {
  const normalizer = createNormalizer(app.parts, { provider: "aws_cloudtrail", position: "demo", now: app.now });
  let yielded = emptyYield();
  return {
    get yielded() {
      return yielded;
    },
    read(record: object) {
      normalizer.read(Buffer.from(JSON.stringify(record)), null, yielded);
    },
    take(): Yield {
      const done = yielded;
      yielded = emptyYield();
      return done;
    },
  };
}
