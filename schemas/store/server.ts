import { Agent } from "node:https";
import { Readable } from "node:stream";
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { StoreConfig } from "../config_store.ts";
import { type BlockInsert, ClientStore } from "./client_store.ts";
import { clusterSettings, clusterStatements } from "./cluster.ts";
import { createPatience, reasonOf } from "./patience.ts";
import { droppedAtEnd, scratchName } from "./scratch.ts";
import { serverSettings } from "./settings.ts";
import { type Store, StoreDown } from "./store.ts";

/** One request; a statement on a cluster waits for every server. */
const REQUEST_MS = 60_000;
const CLUSTER_REQUEST_MS = 200_000;

/** connectServer opens a ClickHouse server or cluster; the database is made when it is not there. Rejects with StoreDown at once when nobody answers. */
export async function connectServer(
  options: StoreConfig,
  tell: (sentence: string) => void = () => undefined,
): Promise<Store> {
  const { cluster, database } = options;
  const statements = cluster === null ? undefined : (sql: string) => clusterStatements(sql, { ...cluster, database });
  await makeDatabase(options, statements);
  const client = clientOf(options, { database });
  const insertBlock: BlockInsert = async (table, columns, block) => {
    const query = `INSERT INTO ${table} (${columns.join(", ")}) FORMAT Native`;
    const { stream } = await client.exec({ query, values: Readable.from(block, { objectMode: false }) });
    stream.resume();
  };
  const who = `ClickHouse at ${options.url}`;
  const open = (parts: Pick<ConstructorParameters<typeof ClientStore>[0], "client" | "insertBlock">): Store => {
    const patience = createPatience({ forMs: options.retry_for, who, tell });
    return new ClientStore({
      kind: "server",
      ...parts,
      readOnly,
      scratch: () => scratchOn(options, tell),
      run: (work) => patience.run(work),
      end: () => patience.end(),
      ...(statements ? { statements } : {}),
    });
  };
  async function readOnly(): Promise<Store> {
    const reader = clientOf(options, { database, readonly: true });
    return open({ client: reader, insertBlock: () => Promise.reject(new StoreDown("This session only reads.")) });
  }
  return open({ client, insertBlock });
}

/** On a cluster the rows would spread over servers of which each may be asked; one of them has to be named. */
async function scratchOn(options: StoreConfig, tell: (sentence: string) => void): Promise<Store> {
  if (options.cluster !== null)
    throw new StoreDown(
      "This needs a database of its own, which a cluster cannot give. Run it with a config whose store.url names one server.",
    );
  const name = `${scratchName()}_${Math.floor(Math.random() * 2 ** 32).toString(36)}`;
  return droppedAtEnd(await connectServer({ ...options, database: name }, tell), name);
}

function clientOf(options: StoreConfig, to: { database?: string; readonly?: true }): ClickHouseClient {
  const { cluster } = options;
  return createClient({
    url: options.url!,
    username: options.username,
    password: options.password,
    ...(to.database ? { database: to.database } : {}),
    ...agentOf(options),
    clickhouse_settings: {
      ...serverSettings,
      ...(cluster ? clusterSettings(cluster) : {}),
      ...(to.readonly ? { readonly: "1" as const } : {}),
    } as Record<string, string | number>,
    request_timeout: cluster ? CLUSTER_REQUEST_MS : REQUEST_MS,
    // The client packs with gzip only, which costs more than a network inside one data centre gains.
    compression: { request: false, response: true },
    // Hundreds of uids in a look-up would make an address that proxies refuse; a server takes 128 KiB a parameter.
    use_multipart_params_auto: true,
    // Errors are thrown to whoever asked; the client's own words would carry the statement.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

async function makeDatabase(options: StoreConfig, statements: ((sql: string) => string[]) | undefined): Promise<void> {
  const client = clientOf(options, {});
  const sql = `CREATE DATABASE IF NOT EXISTS ${options.database}`;
  try {
    if (options.cluster !== null) await checkCluster(client, options.cluster.name);
    for (const statement of statements?.(sql) ?? [sql]) await client.command({ query: statement });
  } catch (cause) {
    if (cause instanceof StoreDown) throw cause;
    throw new StoreDown(
      `ClickHouse at ${options.url} did not answer: ${reasonOf(cause)}. Check store.url, username, password and tls, and that it runs.`,
      { cause },
    );
  } finally {
    await client.close();
  }
}

/** A name that the server does not know would fail at every statement; replicas that each Distributed insert writes to would double rows. */
async function checkCluster(client: ClickHouseClient, name: string): Promise<void> {
  const result = await client.query({
    query:
      "SELECT cluster, min(internal_replication) AS internal, max(replica_num) AS replicas FROM system.clusters GROUP BY cluster",
    format: "JSONEachRow",
  });
  const known = await result.json<{ cluster: string; internal: number; replicas: number }>();
  const ours = known.find((c) => c.cluster === name);
  if (ours === undefined) {
    throw new StoreDown(
      `The server knows no cluster "${name}"; under remote_servers it has ${known.map((c) => c.cluster).join(", ") || "none"}. Set store.cluster.name.`,
    );
  }
  if (ours.replicas > 1 && ours.internal === 0) {
    throw new StoreDown(
      `The cluster "${name}" writes to every replica itself. Set <internal_replication>true</internal_replication> in each of its shards: the tables replicate.`,
    );
  }
}

/** The client's own agent knows no certificates without a CA of its own; each client has one agent, which goes with it. */
function agentOf({ url, tls }: StoreConfig): { http_agent?: Agent } {
  if (!url!.startsWith("https:")) return {};
  const http_agent = new Agent({
    keepAlive: true,
    maxSockets: 10,
    minVersion: "TLSv1.2",
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert, key: tls.key! }),
  });
  return { http_agent };
}
