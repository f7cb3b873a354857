import { existsSync } from "node:fs";
import type { Exposition } from "../dashboard/metrics.ts";
import { createServer } from "../dashboard/server.ts";
import type { Config, FolderSource } from "../schemas/config.ts";
import { incidentLabel } from "../schemas/incident.ts";
import type { App } from "./app.ts";
import { askSources } from "./ask_sources.ts";
import type { StoreCommand } from "./commands/command.ts";
import { ingestFiles } from "./ingest_job.ts";
import { type Loaded, socketPath } from "./load_config.ts";
import { CommandFault, count, type Out } from "./out.ts";
import { NothingToRead } from "./read_files.ts";
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

/** startServing runs every role on an open app: history first, as a report; then pushes, folders, commands, messages. */
export async function startServing(
  app: App,
  commands: Record<string, StoreCommand>,
  out: Out,
  { exposition, load }: ServeOptions,
): Promise<Running> {
  await backfill(app, out);
  exposition.read(createReadings(app));
  const readiness = createReadiness(app);
  const reload = createReload(app, load);
  const socket = await listenForCommands(app, socketPath(app.config), { ...commands, reload: reloadCommand(reload) });
  const server = createServer(app.config.http, createBackend(app, { exposition, faults: readiness.faults }), (error) =>
    app.log.error({ error: String(error) }, "A request failed."),
  );
  const address = await listen(server, app.config.http.listen);
  app.alerter.start();
  const folders = foldersOf(app.config).map((source) => watchFolder(app, source, out));
  const asked = askSources(app);
  const timers = [every(TICK_MS, () => app.detector.tick(), app), every(SAVE_MS, () => app.save(), app)];
  return {
    address,
    reload: async () => tellReload(await reload(), out.note),
    /** Sources first, then what they fed, the store last. */
    async stop() {
      readiness.stop();
      for (const timer of timers) clearInterval(timer);
      return stopInOrder(
        [
          {
            name: "sources",
            withinMs: SOURCES_MS,
            run: () => Promise.all([server.close(), ...[...folders, ...asked].map((f) => f.stop())]),
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

/** A store without history learns from the folders first; nobody is paged for what lies in them. */
async function backfill(app: App, out: Out): Promise<void> {
  const folders = foldersOf(app.config).filter((s) => existsSync(s.path));
  // Of all folders: the second one is history too where the first one was.
  const first = app.writer.lastSeq() === 0;
  for (const source of folders) {
    const result = await ingestFiles(app, {
      paths: [source.path],
      provider: source.provider,
      report: first,
      alone: true,
      out,
    }).catch((error: unknown) => {
      // An empty folder is a fine start.
      if (error instanceof NothingToRead) return null;
      throw error;
    });
    if (result === null || result.stored === 0) continue;
    if (!first) {
      out.note(`New in ${source.path}: ${count(result.stored)} events, ${count(result.findings)} findings.`);
      continue;
    }
    out.note(
      `History of ${source.path}: ${count(result.stored)} events, ${count(result.findings)} findings. Nobody was paged; this is what you would have seen:`,
    );
    for (const i of await app.alerter.list({ limit: 5 }))
      out.note(`  ${incidentLabel(i.uid)}  ${i.severity.padEnd(8)} ${i.title}`);
  }
}

export const foldersOf = (config: Config): FolderSource[] =>
  config.sources.filter((s): s is FolderSource => s.kind === "folder");

export async function listen(server: ReturnType<typeof createServer>, at: string): Promise<string> {
  const colon = at.lastIndexOf(":");
  const host = at.slice(0, colon).replace(/^\[|\]$/g, "");
  try {
    return await server.listen({ host, port: Number(at.slice(colon + 1)) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new CommandFault(`${at} is in use by another program. Set http.listen (or --listen) to another port.`);
  }
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
