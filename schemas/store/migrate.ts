import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { packageRoot } from "../package_root.ts";
import { retentionStatements } from "./retention.ts";
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
 *
 * Several processes may do it at once, without a lock: every statement says IF NOT EXISTS or sets what it names (a test holds the files
 * to that), all go through the files in the same order, so whoever comes second repeats without effect; a file is noted as applied only
 * after its last statement; and the note is one row however often it is written.
 */
export async function migrate(store: Store, config: Pick<Config, "store">): Promise<string[]> {
  await store.command(LEDGER);
  const applied = new Map(
    (await store.rows("SELECT id, checksum FROM schema_migrations FINAL")).map((r) => [
      Number(r.id),
      String(r.checksum),
    ]),
  );
  const again = applied.size > 0 && (await someServerLacksTables(store, config.store));
  const done: string[] = [];
  for (const migration of migrations()) {
    const known = applied.get(migration.id);
    if (known !== undefined && known !== migration.checksum) {
      throw new Error(
        `${migration.name} was changed after it was applied. Restore the file and put the change into a new number.`,
      );
    }
    if (known !== undefined && !again) continue;
    for (const statement of statements(migration.sql)) await store.command(statement);
    await store.insert("schema_migrations", [{ id: migration.id, name: migration.name, checksum: migration.checksum }]);
    done.push(migration.name);
  }
  if (await applyRetention(store, config.store, again)) done.push("retention");
  return done;
}

/** A server that joined the cluster later has no tables yet. */
async function someServerLacksTables(store: Store, { cluster, database }: Config["store"]): Promise<boolean> {
  if (cluster === null) return false;
  const [row] = await store.rows(
    `SELECT count() AS servers, uniqExact(tables) AS kinds FROM
(SELECT shard, replica, groupUniqArrayIf(name, name != '') AS tables FROM
 (SELECT _shard_num AS shard, hostName() || toString(tcpPort()) AS replica, '' AS name FROM clusterAllReplicas({cluster:String}, system.one)
  UNION ALL
  SELECT _shard_num, hostName() || toString(tcpPort()), name FROM clusterAllReplicas({cluster:String}, system.tables) WHERE database = {database:String})
 GROUP BY shard, replica)`,
    { cluster: cluster.name, database },
  );
  return Number(row?.kinds) > 1;
}

/** statements splits a file at semicolons that end a line, comments taken out. */
export const statements = (sql: string): string[] =>
  sql
    .replace(/^--.*$/gm, "")
    .split(/;\s*$/m)
    .map((s) => s.trim())
    .filter((s) => s !== "");

/** applyRetention sets TTL and storage of the events when they differ from those in force; they count from ingestion (001_events.sql). */
async function applyRetention(store: Store, config: Config["store"], again: boolean): Promise<boolean> {
  const { ttl, storage } = config;
  const wanted = JSON.stringify(storage === null ? ttl : { ...ttl, storage });
  const [row] = await store.rows("SELECT value FROM meta FINAL WHERE name = 'retention'");
  if (row?.value === wanted && !again) return false;
  for (const statement of retentionStatements(config)) await store.command(statement);
  await store.insert("meta", [{ name: "retention", value: wanted, updated_at: new Date().toISOString() }]);
  return true;
}
