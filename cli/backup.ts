import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { copyFile, cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageVersion } from "../schemas/package_root.ts";
import { migrations } from "../schemas/store/migrate.ts";
import type { Store } from "../schemas/store/store.ts";
import type { App } from "./app.ts";
import { CommandFault, type Out } from "./out.ts";

/** Manifest says what a backup holds. It is written last: a folder without it is no backup. */
export interface Manifest {
  keywatch: string;
  made_at: string;
  /** Numbers of the migrations that the tables have seen. */
  migrations: number[];
  stored_to: number;
  /** Where the key of all fingerprints is: in the folder, or only in the environment of the installation. */
  pepper: "file" | "environment";
  tables: TableInBackup[];
}

export interface TableInBackup {
  name: string;
  create: string;
  rows: number;
  bytes: number;
  parts: string[];
}

export const MANIFEST = "keywatch-backup.json";
/** Letters, digits and _ only: the engine writes others in another way. */
const NAME = "keywatch_backup_";

/**
 * backup copies the embedded store, consistent, into an empty folder while everything goes on. Writes are held only while the engine
 * makes hard links of its parts, which never change; what stands there then is what a kill would have left, and the parts are
 * copied afterwards.
 */
export async function backup(app: App, folder: string, out: Out): Promise<Manifest> {
  const { store, config } = app;
  if (store.kind !== "embedded")
    throw new CommandFault(
      "The store is a ClickHouse server; back it up with its own BACKUP statement, and keep the pepper with it.",
    );
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CommandFault(`${folder} is not empty. Name a new folder for each backup.`);
  await app.save();
  const root = join(config.store.path, "store");
  const name = `${NAME}${app.now().toString(36)}`;
  await dropFrozen(root);
  try {
    const frozen = await store.whileStill((still) => freeze(still, root, name));
    const bytes = frozen.reduce((sum, t) => sum + t.bytes, 0);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    refuseFullDisk(folder, bytes);
    let done = 0;
    for (const table of frozen) {
      out.progress(`Copying ${table.name}: ${Math.round((100 * done) / Math.max(1, bytes))} % of ${megabytes(bytes)}`);
      for (const part of table.parts)
        await cp(join(root, "shadow", name, table.place, part), join(folder, "tables", table.name, part), {
          recursive: true,
          errorOnExist: true,
          force: false,
        });
      done += table.bytes;
    }
    const pepper = join(config.store.path, "pepper");
    if (existsSync(pepper)) await copyFile(pepper, join(folder, "pepper"));
    const manifest: Manifest = {
      keywatch: packageVersion,
      made_at: new Date(app.now()).toISOString(),
      migrations: migrations().map((m) => m.id),
      stored_to: frozen.find((t) => t.name === "events")?.lastSeq ?? 0,
      pepper: existsSync(pepper) ? "file" : "environment",
      tables: frozen.map(({ place: _, lastSeq: __, ...table }) => table),
    };
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    return manifest;
  } finally {
    out.progress(null);
    await dropFrozen(root);
  }
}

interface Frozen extends TableInBackup {
  /** Folder of its parts below the root of the engine. */
  place: string;
  lastSeq: number;
}

async function freeze(store: Store, root: string, name: string): Promise<Frozen[]> {
  const tables = await store.rows(
    "SELECT name, engine, create_table_query AS create, data_paths FROM system.tables WHERE database = currentDatabase() ORDER BY engine IN ('View', 'MaterializedView'), name",
  );
  const found: Frozen[] = [];
  for (const table of tables) {
    const own = { name: String(table.name), create: String(table.create) };
    const place = /(store\/[0-9a-f]{3}\/[0-9a-f-]{36})\/?$/.exec(String((table.data_paths as string[])[0] ?? ""))?.[1];
    // A view that feeds a table names that table's folder as its own.
    if (place === undefined || table.engine === "MaterializedView") {
      found.push({ ...own, rows: 0, bytes: 0, parts: [], place: "", lastSeq: 0 });
      continue;
    }
    await store.command(`ALTER TABLE ${own.name} FREEZE WITH NAME '${name}'`);
    const shadow = join(root, "shadow", name, place);
    const parts = existsSync(shadow) ? readdirSync(shadow) : [];
    const sizes = parts.map((part) => sizeOf(join(shadow, part)));
    const rows = sizes.reduce((sum, size) => sum + size.rows, 0);
    const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0);
    // No row comes while writes are held, and merges only take copies away.
    const [now] = await store.rows(`SELECT count() AS rows FROM ${own.name}`);
    if (rows < Number(now?.rows))
      throw new CommandFault(`Of ${own.name} not every row could be frozen; nothing was copied.`);
    found.push({ ...own, rows, bytes, parts, place, lastSeq: 0 });
  }
  const events = found.find((t) => t.name === "events");
  if (events) events.lastSeq = Number((await store.rows("SELECT max(seq) AS seq FROM events"))[0]?.seq ?? 0);
  return found;
}

/** What a part says of itself. */
function sizeOf(part: string): { rows: number; bytes: number } {
  const files = readdirSync(part, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  const bytes = files.reduce((sum, f) => sum + statSync(join(f.parentPath, f.name)).size, 0);
  return { rows: Number(readFileSync(join(part, "count.txt"), "utf8")), bytes };
}

/** Links of a backup that was killed would keep old parts on the disk. */
async function dropFrozen(root: string): Promise<void> {
  const shadow = join(root, "shadow");
  if (!existsSync(shadow)) return;
  for (const name of readdirSync(shadow))
    if (name.startsWith(NAME)) await rm(join(shadow, name), { recursive: true, force: true });
}

/** refuseFullDisk refuses to begin what cannot end. */
export function refuseFullDisk(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < bytes * 1.05)
    throw new CommandFault(`${folder} has room for ${megabytes(bavail * bsize)}, and ${megabytes(bytes)} are needed.`);
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
