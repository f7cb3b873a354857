import type { Exposition } from "../../dashboard/metrics.ts";
import { Stopped, unlessStopped } from "../../schemas/stopping.ts";
import type { AppOptions } from "../app.ts";
import { foldersOf } from "../backfill.ts";
import type { Loaded } from "../load_config.ts";
import { CommandFault, type Out } from "../out.ts";
import { createReload, tellReload } from "../reload.ts";
import { startAlert } from "./alert.ts";
import { startDetect } from "./detect.ts";
import { startFolders } from "./folders.ts";
import { type Hub, openHub, type Role } from "./hub.ts";
import { startIngest } from "./ingest.ts";
import { type Named, stopRoles } from "./stop_roles.ts";
import { startWeb } from "./web.ts";

export const roleNames = ["ingest", "detect", "alert", "web"] as const;
export type RoleName = (typeof roleNames)[number];

/** rolesOf reads `--roles ingest,detect`; without it, all of them. */
export function rolesOf(text: string | undefined): RoleName[] {
  const names = (text ?? roleNames.join(",")).split(",").map((s) => s.trim());
  const odd = names.find((name) => !roleNames.includes(name as RoleName));
  if (odd !== undefined) throw new CommandFault(`There is no role "${odd}". Known are: ${roleNames.join(", ")}.`, 2);
  return [...new Set(names as RoleName[])];
}

export interface RunningRoles {
  /** Where the page is; null without the role web. */
  address: string | null;
  /** Reads the config again, and says what holds from now on. */
  reload(): Promise<void>;
  /** Ends in order; false where a part had to be cut off. */
  stop(): Promise<boolean>;
}

/** Broken is a start that was told to stop: what was open is closed. */
export interface Broken {
  inOrder: boolean;
}

const LAG_MS = 5_000;

function tellLag(hub: Hub, running: readonly Named[]): void {
  hub.metrics.lags(
    running
      .flatMap(({ role }) => role.lanes())
      .flatMap(({ topic, partition, next, end }) =>
        end === null ? [] : [{ source: topic, partition: String(partition), records: Math.max(0, end - next) }],
      ),
  );
}

export interface StartOptions extends AppOptions {
  exposition: Exposition;
  load(): Loaded;
  /** Breaks the start off. */
  stopping: AbortSignal;
}

/** startRoles runs some stages over Kafka in this process, or says that it was told to stop before all of them did. */
export async function startRoles(
  names: readonly RoleName[],
  options: StartOptions,
  out: Out,
): Promise<RunningRoles | Broken> {
  const hub = await openHub(options).catch(unlessTold);
  if (hub === null) return { inOrder: true };
  const running: Named[] = [];
  const begin = async (name: Named["name"], start: () => Promise<Role>): Promise<void> => {
    if (options.stopping.aborted) throw new Stopped();
    running.push({ name, role: await start() });
  };
  let address: string | null = null;

  async function startAll(hub: Hub): Promise<void> {
    if (names.includes("web"))
      await begin("web", async () => {
        const web = await startWeb(hub, options.exposition, () => running.map(({ role }) => role));
        address = web.address;
        return web;
      });
    if (names.includes("ingest")) {
      await begin("ingest", () => startIngest(hub));
      if (foldersOf(hub.config).length > 0) await begin("folders", () => startFolders(hub, out));
    }
    if (names.includes("detect")) await begin("detect", () => startDetect(hub));
    if (names.includes("alert")) await begin("alert", () => startAlert(hub, options.output));
  }

  const timer = setInterval(() => tellLag(hub, running), LAG_MS);
  const starting = startAll(hub);
  const stop = (): Promise<boolean> => {
    clearInterval(timer);
    return stopRoles({ starting, running, close: () => hub.close(), log: hub.log });
  };
  try {
    await unlessStopped(options.stopping, starting);
  } catch (error) {
    const inOrder = await stop();
    if (error instanceof Stopped) return { inOrder };
    throw error;
  }
  const reload = createReload(
    {
      ...hub,
      alerter: {
        async reconfigure(config) {
          for (const { role } of running) await role.reconfigure?.(config);
        },
      },
      // The processes that judge look for a new version every few seconds.
      reloadInventory: async () => undefined,
    },
    options.load,
  );
  return { address, stop, reload: async () => tellReload(await reload(), out.note) };
}

function unlessTold(error: unknown): null {
  if (error instanceof Stopped) return null;
  throw error;
}
