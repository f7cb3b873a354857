import { createServer as createSocketServer } from "node:net";
import type { Exposition } from "../dashboard/metrics.ts";
import { createServer } from "../dashboard/server.ts";
import type { App } from "./app.ts";
import { askSources } from "./ask_sources.ts";
import { afterHistory, commandsAfterHistory, createBackfill, foldersOf } from "./backfill.ts";
import type { StoreCommand } from "./commands/command.ts";
import { type Loaded, socketPath } from "./load_config.ts";
import { CommandFault, type Out } from "./out.ts";
import { createReadings } from "./readings.ts";
import { createReadiness } from "./ready.ts";
import { createReload, type Reloaded, tellReload } from "./reload.ts";
import { listenForCommands } from "./socket.ts";
import { stopInOrder } from "./stop.ts";
import { watchFolder } from "./watch.ts";
import { createBackend } from "./web/backend.ts";

const TICK_MS = 2_000;
const SAVE_MS = 10_000;
/** How long pushes and files under way may go on at the end. */
const SOURCES_MS = 8_000;

export interface Running {
  address: string;
  /** True when history is read and everything is taken, false when that was broken off; rejects when reading it failed. */
  ready: Promise<boolean>;
  /** Reads the config again and says what became of it. */
  reload(): Promise<void>;
  /** Ends in order; false where a part had to be cut off. Takes less than the 30 s that Kubernetes gives. */
  stop(): Promise<boolean>;
}

export interface ServeOptions {
  exposition: Exposition;
  /** Loads the config as at the start, for a reload. */
  load(): Loaded;
}

/**
 * startServing runs every role on an open app. Address and socket answer first; then history is read, as a report the first time; then
 * pushes, folders and other sources are taken.
 */
export async function startServing(
  app: App,
  commands: Record<string, StoreCommand>,
  out: Out,
  { exposition, load }: ServeOptions,
): Promise<Running> {
  const backfill = createBackfill(app, out);
  exposition.read(createReadings(app));
  const readiness = createReadiness(app, { doing: backfill.doing });
  const reload = createReload(app, load);
  const backend = createBackend(app, { exposition, faults: readiness.faults });
  const server = createServer(app.config.http, { ...backend, push: afterHistory(backfill, backend.push) }, (error) =>
    app.log.error({ error: String(error) }, "A request failed."),
  );
  const address = await listen(server, app.config.http.listen);
  const socket = await listenForCommands(app, socketPath(app.config), {
    ...commandsAfterHistory(backfill, commands),
    reload: reloadCommand(reload),
  });
  app.alerter.start();
  if (foldersOf(app.config).length > 0)
    out.note(`Reading history first. ${address} answers meanwhile; /readyz says how far it is.`);
  const sources: { stop(): Promise<void> }[] = [];
  const timers: NodeJS.Timeout[] = [];
  const ready = backfill.run().then((whole) => {
    if (!whole) return false;
    sources.push(...foldersOf(app.config).map((source) => watchFolder(app, source, out)), ...askSources(app));
    timers.push(
      every(TICK_MS, () => app.detector.tick(), app),
      every(SAVE_MS, () => app.save(), app),
    );
    return true;
  });
  ready.catch(() => undefined);
  return {
    address,
    ready,
    reload: async () => tellReload(await reload(), out.note),
    /** Sources first, then what they fed, the store last. */
    async stop() {
      readiness.stop();
      backfill.stop();
      return stopInOrder(
        [
          {
            name: "sources",
            withinMs: SOURCES_MS,
            async run() {
              // A failure of its own was told already.
              await ready.catch(() => undefined);
              for (const timer of timers) clearInterval(timer);
              await Promise.all([server.close(), ...sources.map((s) => s.stop())]);
            },
            // A slow client keeps its connection; what it sent was not acknowledged.
            force: () => server.server.closeAllConnections(),
          },
          {
            name: "commands",
            withinMs: 1_000,
            run: () => {
              socket.closeAllConnections();
              return new Promise((resolve) => socket.close(resolve));
            },
          },
          { name: "pipeline, profiles and checkpoint", withinMs: 10_000, run: () => app.save() },
          { name: "outbox", withinMs: 6_000, run: () => app.alerter.stop() },
          { name: "store", withinMs: 2_000, run: () => app.store.close() },
        ],
        app.log,
      );
    },
  };
}

const reloadCommand =
  (reload: () => Promise<Reloaded>): StoreCommand =>
  async ({ out }) => {
    const done = await reload();
    tellReload(done, done.faults.length > 0 ? out.note : out.line);
    return done.faults.length > 0 ? 2 : 0;
  };

interface Listener {
  listen(at: { host: string; port: number }): Promise<string>;
}

/** listen binds an address such as 127.0.0.1:8686 and gives what came of it; one that is taken is a sentence. */
export async function listen(server: Listener, at: string): Promise<string> {
  const colon = at.lastIndexOf(":");
  const host = at.slice(0, colon).replace(/^\[|\]$/g, "");
  try {
    return await server.listen({ host, port: Number(at.slice(colon + 1)) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new CommandFault(`${at} is in use by another program. Set http.listen (or --listen) to another port.`);
  }
}

/** requireFree throws that sentence before long work begins. */
export async function requireFree(at: string): Promise<void> {
  const probe = createSocketServer();
  const bind = ({ host, port }: { host: string; port: number }) =>
    new Promise<string>((resolve, reject) => probe.once("error", reject).listen(port, host, () => resolve(at)));
  await listen({ listen: bind }, at);
  await new Promise((resolve) => probe.close(resolve));
}

function every(ms: number, work: () => Promise<void>, app: App): NodeJS.Timeout {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch((error: unknown) =>
        app.log.error({ error: String(error) }, "Work behind the scenes failed; it is tried again."),
      )
      .finally(() => {
        busy = false;
      });
  }, ms);
}
