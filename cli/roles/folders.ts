import { foldersOf } from "../backfill.ts";
import type { Out } from "../out.ts";
import { watchFolder } from "../watch.ts";
import type { Hub, Role } from "./hub.ts";
import { remoteApp } from "./remote_app.ts";

/** startFolders watches the folders of the config, for the processes with the role ingest. */
export async function startFolders(hub: Hub, out: Out): Promise<Role> {
  const app = await remoteApp(hub);
  const folders = foldersOf(hub.config).map((source) => watchFolder(app, source, out));
  return {
    lanes: () => [],
    async stop() {
      await Promise.all(folders.map((f) => f.stop()));
      await app.close();
    },
  };
}
