import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Rows of a projection that a merge gathers before it writes them. By itself the engine gathers a million, and a row of counts per key and day
 * weighs some 400 bytes while it is gathered. An insert comes as one block, which is not cut.
 */
const PROJECTION_ROWS = 16_384;

/** Settings that merges obey too; those of a session hold for its own statements only. */
const USERS = `<clickhouse>
  <profiles><default><min_insert_block_size_rows>${PROJECTION_ROWS}</min_insert_block_size_rows></default></profiles>
  <users><default><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <quotas><default></default></quotas>
</clickhouse>
`;

/**
 * ENGINE_MALLOC has the engine's allocator (jemalloc) give memory that it no longer needs back to the system within half a second and not five:
 * what a merge left behind does not stand beside what the next one takes. The allocator reads it from the environment variable
 * JE_MALLOC_CONF while the engine's library is loaded.
 */
export const ENGINE_MALLOC = "dirty_decay_ms:500";

const escapeXml = (text: string): string => text.replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * engineArguments writes the configuration of the embedded engine into the data directory (an absolute path), anew at each start, and gives the
 * arguments that name it. They hold for the process once they came with its first connection.
 */
export function engineArguments(directory: string): string[] {
  const users = join(directory, "engine_users.xml");
  const config = join(directory, "engine.xml");
  writeFileSync(users, USERS, { mode: 0o600 });
  writeFileSync(config, `<clickhouse><users_config>${escapeXml(users)}</users_config></clickhouse>\n`, { mode: 0o600 });
  return [`--config-file=${config}`];
}
