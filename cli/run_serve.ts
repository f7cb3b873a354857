import { packageVersion } from "../schemas/package_root.ts";
import { type Loaded, listenAt } from "./load_config.ts";
import { createLog, type Log } from "./log.ts";
import { terminalOut } from "./out.ts";
import { configFor, type Globals } from "./run.ts";

interface ServeFlags {
  listen?: string;
  roles?: string;
}

/** serve runs the monitor: in one process, or some of its stages over Kafka. Gives the exit code once it was told to stop. */
export async function serve(globals: Globals, o: ServeFlags): Promise<number> {
  const split = configFor(globals).config.kafka !== null;
  if (o.roles !== undefined || split) return serveRoles(globals, o);
  const [{ openApp }, { startServing }, { storeCommands }, { createExposition }] = await Promise.all([
    import("./app.ts"),
    import("./serve.ts"),
    import("./commands/store_commands.ts"),
    import("../dashboard/metrics.ts"),
  ]);
  const out = terminalOut();
  const load = loaderFor(globals, o.listen);
  const loaded = load();
  const stop = interrupted();
  const log = createLog({ ...loaded.config.log, fieldNames: loaded.config.redact.field_names });
  const hangUp = onHangUp(log);
  const metrics = createExposition();
  const app = await openApp({ loaded, log, metrics, keepLeftovers: true });
  const running = await startServing(app, storeCommands, out, { exposition: metrics, load }).catch(
    async (error: unknown) => {
      await app.close();
      throw error;
    },
  );
  hangUp.does(running.reload);
  const ready = running.ready.then((whole) => {
    if (whole)
      out.note(
        `keywatch ${packageVersion} is at ${running.address}, its data in ${loaded.config.store.url ?? loaded.config.store.path}`,
      );
  });
  try {
    await Promise.race([stop, ready.then(() => stop)]);
  } catch (error) {
    await running.stop();
    throw error;
  }
  out.note("Stopping: finishing what is under way.");
  return (await running.stop()) ? 0 : 1;
}

/** loaderFor reads the config as it is now; what was said on the command line stays. */
const loaderFor = (globals: Globals, listen: string | undefined) => (): Loaded => {
  const loaded = configFor(globals);
  if (listen) listenAt(loaded.config, listen);
  return loaded;
};

/** onHangUp takes SIGHUP: until there is something to reload it does nothing, and the signal must not end the process. */
function onHangUp(log: Log): { does(reload: () => Promise<void>): void } {
  let reload = () => Promise.resolve();
  process.on("SIGHUP", () => void reload().catch((error: unknown) => log.error(error, "Reloading broke off.")));
  return {
    does(work) {
      reload = work;
    },
  };
}

/** serveRoles runs some or all stages over Kafka. */
async function serveRoles(globals: Globals, o: ServeFlags): Promise<number> {
  const [{ rolesOf, startRoles }, { createExposition }] = await Promise.all([
    import("./roles/start.ts"),
    import("../dashboard/metrics.ts"),
  ]);
  const out = terminalOut();
  const names = rolesOf(o.roles);
  const load = loaderFor(globals, o.listen);
  const loaded = load();
  const log = createLog({ ...loaded.config.log, fieldNames: loaded.config.redact.field_names });
  const stopping = new AbortController();
  const stop = interrupted().then(() => {
    out.note("Stopping: finishing what is under way.");
    stopping.abort();
  });
  const hangUp = onHangUp(log);
  const metrics = createExposition();
  const options = { loaded, log, metrics, exposition: metrics, load, stopping: stopping.signal };
  const running = await startRoles(names, options, out);
  if ("inOrder" in running) return running.inOrder ? 0 : 1;
  hangUp.does(running.reload);
  out.note(`keywatch ${packageVersion} runs ${names.join(", ")}${running.address ? ` at ${running.address}` : ""}`);
  await stop;
  return (await running.stop()) ? 0 : 1;
}

/** runDemo plays the demo fleet until it is told to stop. */
export async function runDemo(o: { listen?: string; seed?: number; for?: number }): Promise<number> {
  const { demo } = await import("./commands/demo.ts");
  return demo(
    { seed: o.seed ?? 42, listen: o.listen ?? null, forMs: o.for ?? 0 },
    terminalOut(),
    createLog(),
    interrupted(),
  );
}

/** interrupted resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    const first = () => {
      for (const signal of signals) process.removeListener(signal, first);
      resolve();
    };
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const signal of signals) process.on(signal, first);
  });
}
