import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { copyFile, cp } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../schemas/config.ts";
import { connectEmbedded } from "../schemas/store/connect.ts";
import { migrate, migrations } from "../schemas/store/migrate.ts";
import type { Store } from "../schemas/store/store.ts";
import { MANIFEST, type Manifest, megabytes, refuseFullDisk, type TableInBackup } from "./backup.ts";
import { CommandFault, count, type Out } from "./out.ts";

export interface RestoreOptions {
  folder: string;
  /** Puts what is there now aside; it is never deleted. */
  force: boolean;
  now: number;
}

/** restore makes the data directory of the config from a backup. Gives what it was made from; when it fails, all is as it was before. */
export async function restore(config: Config, options: RestoreOptions, out: Out): Promise<Manifest> {
  if (config.store.url !== null)
    throw new CommandFault(
      "The config names a ClickHouse server; a backup of the embedded store goes into a data directory.",
    );
  const { path } = config.store;
  const manifest = readManifest(options.folder);
  const aside = makeRoom(path, options);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    refuseFullDisk(
      path,
      manifest.tables.reduce((sum, t) => sum + t.bytes, 0),
    );
    if (manifest.pepper === "file") {
      await copyFile(join(options.folder, "pepper"), join(path, "pepper"));
      chmodSync(join(path, "pepper"), 0o600);
    }
    const store = await connectEmbedded(path);
    try {
      for (const table of manifest.tables) {
        out.progress(`Restoring ${table.name}: ${count(table.rows)} rows, ${megabytes(table.bytes)}`);
        await restoreTable(store, options.folder, table);
      }
      await migrate(store, config);
    } finally {
      out.progress(null);
      await store.close();
    }
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    if (aside !== null) renameSync(aside, path);
    throw error;
  }
  if (aside !== null) out.note(`What was there before is in ${aside}.`);
  return manifest;
}

function readManifest(folder: string): Manifest {
  const file = join(folder, MANIFEST);
  if (!existsSync(file))
    throw new CommandFault(`${folder} holds no whole backup: ${MANIFEST}, which is written last, is not there.`);
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  const known = new Set(migrations().map((m) => m.id));
  if (manifest.migrations.some((id) => !known.has(id)))
    throw new CommandFault(
      `The backup was made by keywatch ${manifest.keywatch}, which is newer than this one. Restore it with that version.`,
    );
  const missing = manifest.tables.flatMap((t) =>
    t.parts.filter((part) => !existsSync(join(folder, "tables", t.name, part))).map((part) => `${t.name}/${part}`),
  );
  if (missing.length > 0)
    throw new CommandFault(`The backup is damaged: ${missing.slice(0, 5).join(", ")} is missing.`);
  return manifest;
}

/** makeRoom refuses a data directory that holds something, or puts it aside. Gives where it is now. */
function makeRoom(path: string, { force, now }: RestoreOptions): string | null {
  if (!existsSync(path) || readdirSync(path).length === 0) return null;
  if (!force)
    throw new CommandFault(
      `The data directory ${path} is not empty. Choose another one, or put it aside with --force.`,
    );
  const aside = `${path}.before-${new Date(now).toISOString().replace(/[:.]/g, "-")}`;
  renameSync(path, aside);
  return aside;
}

async function restoreTable(store: Store, folder: string, table: TableInBackup): Promise<void> {
  await store.command(table.create);
  if (table.parts.length === 0) return;
  const [row] = await store.rows(
    "SELECT data_paths FROM system.tables WHERE database = currentDatabase() AND name = {name:String}",
    { name: table.name },
  );
  const detached = join((row?.data_paths as string[] | undefined)?.[0] ?? "", "detached");
  for (const part of table.parts)
    await cp(join(folder, "tables", table.name, part), join(detached, part), { recursive: true });
  // A merge takes copies away, and the rows are to be counted first.
  await store.command(`SYSTEM STOP MERGES ${table.name}`);
  for (const part of table.parts) await store.command(`ALTER TABLE ${table.name} ATTACH PART '${part}'`);
  const [got] = await store.rows(`SELECT count() AS rows FROM ${table.name}`);
  await store.command(`SYSTEM START MERGES ${table.name}`);
  if (Number(got?.rows) !== table.rows)
    throw new CommandFault(`Of ${table.name} only ${count(Number(got?.rows))} of ${count(table.rows)} rows came back.`);
}
