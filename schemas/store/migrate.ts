import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { packageRoot } from "../package_root.ts";
import type { Store } from "./store.ts";

export interface Migration {
  id: number;
  name: string;
  sql: string;
  checksum: string;
}

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations
(id UInt32, name String, checksum String, applied_at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY id`;

/** migrations lists the numbered files of schemas/sql in their order. */
export function migrations(): Migration[] {
  const folder = join(packageRoot, "schemas", "sql");
  return readdirSync(folder)
    .filter((file) => /^\d{3}_\w+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const sql = readFileSync(join(folder, file), "utf8");
      return {
        id: Number(file.slice(0, 3)),
        name: file,
        sql,
        checksum: createHash("sha256").update(sql).digest("hex"),
      };
    });
}

/**
 * migrate brings the store to this version and the configured retention; running it again does nothing.
 * Gives the names of what was applied. A file that changed after it was applied is refused.
 */
export async function migrate(store: Store, config: Pick<Config, "store">): Promise<string[]> {
  await store.command(LEDGER);
  const applied = new Map(
    (await store.rows("SELECT id, checksum FROM schema_migrations FINAL")).map((r) => [
      Number(r.id),
      String(r.checksum),
    ]),
  );
  const done: string[] = [];
  for (const migration of migrations()) {
    const known = applied.get(migration.id);
    if (known === migration.checksum) continue;
    if (known !== undefined) {
      throw new Error(
        `${migration.name} was changed after it was applied. Restore the file and put the change into a new number.`,
      );
    }
    for (const statement of statements(migration.sql)) await store.command(statement);
    await store.insert("schema_migrations", [{ id: migration.id, name: migration.name, checksum: migration.checksum }]);
    done.push(migration.name);
  }
  if (await applyRetention(store, config.store.ttl)) done.push("retention");
  return done;
}

/** statements splits a file at semicolons that end a line, comments taken out. */
export const statements = (sql: string): string[] =>
  sql
    .replace(/^--.*$/gm, "")
    .split(/;\s*$/m)
    .map((s) => s.trim())
    .filter((s) => s !== "");

/** applyRetention sets the TTLs when they differ from those in force; they count from ingestion (001_events.sql). */
async function applyRetention(store: Store, ttl: Config["store"]["ttl"]): Promise<boolean> {
  const wanted = JSON.stringify(ttl);
  const [row] = await store.rows("SELECT value FROM meta FINAL WHERE name = 'retention'");
  if (row?.value === wanted) return false;
  const seconds = (ms: number) => Math.ceil(ms / 1000);
  await store.command(`ALTER TABLE events MODIFY TTL toDateTime(ingested_at) + INTERVAL ${seconds(ttl.events)} SECOND`);
  await store.command(
    `ALTER TABLE events MODIFY COLUMN raw String TTL toDateTime(ingested_at) + INTERVAL ${seconds(ttl.raw)} SECOND`,
  );
  await store.insert("meta", [{ name: "retention", value: wanted, updated_at: new Date().toISOString() }]);
  return true;
}
