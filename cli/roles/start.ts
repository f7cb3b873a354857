import type { Exposition } from "../../dashboard/metrics.ts";
import type { AppOptions } from "../app.ts";
import type { Loaded } from "../load_config.ts";
import { CommandFault, type Out } from "../out.ts";
import { createReload, tellReload } from "../reload.ts";
import { foldersOf } from "../serve.ts";
import { startAlert } from "./alert.ts";
import { startDetect } from "./detect.ts";
import { startFolders } from "./folders.ts";
import { type Hub, openHub, type Role } from "./hub.ts";
import { startIngest } from "./ingest.ts";
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
  stop(): Promise<void>;
}

const LAG_MS = 5_000;

function tellLag(hub: Hub, roles: readonly Role[]): void {
  hub.metrics.lags(
    roles
      .flatMap((role) => role.lanes())
      .flatMap(({ topic, partition, next, end }) =>
        end === null ? [] : [{ source: topic, partition: String(partition), records: Math.max(0, end - next) }],
      ),
  );
}

/** startRoles runs some stages over Kafka in this process. Stopping goes in the direction of the data, so that little is done twice. */
export async function startRoles(
  names: readonly RoleName[],
  options: AppOptions & { exposition: Exposition; load(): Loaded },
  out: Out,
): Promise<RunningRoles> {
  const hub = await openHub(options);
  const running: Role[] = [];
  let address: string | null = null;
  const timer = setInterval(() => tellLag(hub, running), LAG_MS);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    for (const role of running) await role.stop();
    await hub.close();
  };
  try {
    if (names.includes("web")) {
      const web = await startWeb(hub, options.exposition, running);
      running.push(web);
      address = web.address;
    }
    if (names.includes("ingest")) {
      running.push(await startIngest(hub));
      if (foldersOf(hub.config).length > 0) running.push(await startFolders(hub, out));
    }
    if (names.includes("detect")) running.push(await startDetect(hub));
    if (names.includes("alert")) running.push(await startAlert(hub, options.output));
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  const reload = createReload(
    {
      ...hub,
      alerter: {
        async reconfigure(config) {
          for (const role of running) await role.reconfigure?.(config);
        },
      },
      // The processes that judge look for a new version every few seconds.
      reloadInventory: async () => undefined,
    },
    options.load,
  );
  return { address, stop, reload: async () => tellReload(await reload(), out.note) };
}
