import type { Cluster } from "../config_store.ts";

/*
 * On a cluster every table is two: `events_local`, replicated within each shard, and `events`, Distributed over the shards, which is the
 * one that everything reads and writes. Rows are placed by the hash of the first ORDER BY column, so all versions of a row meet on one
 * shard, where FINAL and merges see them; with any other key twins would never meet. The SQL files know nothing of this.
 */

export interface ClusterSql extends Cluster {
  database: string;
}

/** clusterStatements turns a statement for one server into those for a cluster. Throws for one it does not understand. */
export function clusterStatements(sql: string, cluster: ClusterSql): string[] {
  const statement = sql.trim().replace(/;$/, "");
  const verb = /^[a-z]+(\s+(materialized\s+)?(table|view|database))?/i.exec(statement)?.[0].toUpperCase() ?? "";
  const kind = verb.replace(/\s+/g, " ");
  switch (kind) {
    case "CREATE TABLE":
      return createTable(statement, cluster);
    case "CREATE MATERIALIZED VIEW":
      return [onCluster(feed(statement), cluster)];
    case "CREATE VIEW":
    case "CREATE DATABASE":
    case "DROP VIEW":
      return [onCluster(statement, cluster)];
    case "ALTER TABLE":
      return alterTable(statement, cluster);
    case "DROP TABLE":
      return [onCluster(statement, cluster), onCluster(local(statement), cluster)];
    case "TRUNCATE TABLE":
    case "OPTIMIZE TABLE":
      return [onCluster(local(statement), cluster)];
    case "DELETE":
      return [onCluster(local(statement), cluster)];
    case "SELECT":
    case "INSERT":
    case "SET":
    case "SYSTEM":
      return [statement];
    default:
      throw new Error(`No cluster form is known for: ${statement.slice(0, 80)}`);
  }
}

/** Name after the verb; `database.table` is left to whoever wrote it. */
const NAME =
  /^((?:CREATE|ALTER|DROP|TRUNCATE|OPTIMIZE)\s+(?:TABLE|(?:MATERIALIZED\s+)?VIEW|DATABASE)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?|DELETE\s+FROM\s+)(\w+)/i;

const onCluster = (statement: string, { name }: ClusterSql): string =>
  statement.replace(NAME, (_, head: string, table: string) => `${head}${table} ON CLUSTER ${name}`);

const local = (statement: string): string =>
  statement.replace(NAME, (_, head: string, table: string) => `${head}${table}_local`);

/** A materialized view feeds the rows of a shard into that shard: it reads the local table and writes the local one. */
const feed = (statement: string): string => {
  const [to, from] = [/\bTO (\w+)(?=\s+AS\b)/i, /\bFROM (\w+)/i];
  if (!to.test(statement) || !from.test(statement))
    throw new Error(`A materialized view needs TO a table and FROM a table: ${statement.slice(0, 80)}`);
  return statement.replace(to, "TO $1_local").replace(from, "FROM $1_local");
};

const ENGINE = /\bENGINE\s*=\s*(\w*MergeTree)(?:\s*\(([^)]*)\))?/i;

function createTable(statement: string, cluster: ClusterSql): string[] {
  const table = NAME.exec(statement)?.[2];
  const key = /\bORDER BY\s*\(?\s*(\w+)\b(?!\s*\()/i.exec(statement.slice(statement.search(ENGINE)))?.[1];
  if (!table || !key || !/^CREATE TABLE IF NOT EXISTS /i.test(statement)) {
    throw new Error(`A table needs IF NOT EXISTS, a MergeTree engine and ORDER BY a column: ${statement.slice(0, 80)}`);
  }
  const path = `${cluster.keeper_path}/${cluster.database}/${table}`;
  const replicated = onCluster(local(statement), cluster).replace(
    ENGINE,
    (_, engine: string, args: string | undefined) =>
      `ENGINE = Replicated${engine}('${path}', '{replica}'${args?.trim() ? `, ${args.trim()}` : ""})`,
  );
  const distributed = `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER ${cluster.name} AS ${table}_local
ENGINE = Distributed('${cluster.name}', '${cluster.database}', '${table}_local', cityHash64(${key}))`;
  return [replicated, distributed];
}

/** Columns change on both tables; TTL, settings, indices, parts and mutations are those of the local one. */
const OF_COLUMNS = /^(ADD|DROP|MODIFY|RENAME|COMMENT|ALTER)\s+COLUMN\b/i;
const TTL = /\s+TTL\b.*$/is;

function alterTable(statement: string, cluster: ClusterSql): string[] {
  const parts = onCluster(local(statement), cluster);
  const command = statement.replace(NAME, "").trim();
  if (!OF_COLUMNS.test(command) || TTL.test(command)) return [parts];
  return [parts, onCluster(statement, cluster)];
}

/**
 * clusterSettings hold for every statement on a cluster. Stored means stored on the right shard by a quorum; reads and writes take the
 * same replica of a shard first, so that who wrote a row finds it; an IN or JOIN between Distributed tables means the whole tables.
 * Copies are absorbed by key: a filter for equal blocks would drop a row that was deleted and comes again.
 */
export const clusterSettings = ({ write_quorum }: Cluster) =>
  ({
    distributed_foreground_insert: 1,
    insert_quorum: String(write_quorum),
    insert_deduplicate: 0,
    load_balancing: "in_order",
    prefer_localhost_replica: 0,
    distributed_product_mode: "global",
    optimize_skip_unused_shards: 1,
    skip_unavailable_shards: 0,
  }) as const;
