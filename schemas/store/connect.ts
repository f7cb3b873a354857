import { mkdirSync, rmSync } from "node:fs";
import { open as openFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import type { Config } from "../config.ts";
import { holderOf } from "./lock.ts";
import { type Params, type Question, type Store, StoreDown } from "./store.ts";

/** Engine settings of every session, set once: per-call settings stick to the embedded session (DESIGN.md, section 4). */
const SESSION_SETTINGS = {
  max_partitions_per_insert_block: 0,
  date_time_input_format: "best_effort",
  // Twins are dropped by FINAL and merges; looking for them in every insert costs half of it.
  optimize_on_insert: 0,
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  do_not_merge_across_partitions_select_final: 1,
} as const;

/** connectStore opens the engine that the config names. Errors are StoreDown with the mend. */
export async function connectStore(config: Pick<Config, "store">): Promise<Store> {
  return config.store.url === null ? connectEmbedded(config.store.path) : connectServer(config.store);
}

/** connectEmbedded opens chDB in `<path>/store`; one process per directory. */
export async function connectEmbedded(path: string): Promise<Store> {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StoreDown(`Cannot make the data directory ${path}: ${(cause as Error).message}`, { cause });
  }
  const holder = holderOf(join(directory, "store"));
  if (holder !== null) throw new StoreDown(inUse(path, ` (process ${holder})`));
  const { createChdbConnection } = await loadChdb();
  const blocks = join(directory, "blocks");
  const open = async (): Promise<ClientStore> => {
    const connection = createChdbConnection({ path: join(directory, "store") });
    const client = createClient({ connection } as unknown as Parameters<typeof createClient>[0]);
    const insertBlock: BlockInsert = (table, columns, block) => insertFromFile(client, blocks, table, columns, block);
    const session = new ClientStore("embedded", client, insertBlock, async () => {
      const reader = await open();
      await reader.command("SET readonly = 1");
      return reader;
    });
    for (const [name, value] of Object.entries(SESSION_SETTINGS)) {
      await session.command(`SET ${name} = ${typeof value === "string" ? `'${value}'` : value}`);
    }
    return session;
  };
  try {
    const store = await open();
    // Blocks of a run that was killed: their rows were not acknowledged, or are stored.
    rmSync(blocks, { recursive: true, force: true });
    mkdirSync(blocks, { mode: 0o700 });
    return store;
  } catch (cause) {
    throw new StoreDown(embeddedTrouble(path, String((cause as Error).message)), { cause });
  }
}

async function loadChdb(): Promise<typeof import("chdb/connection")> {
  try {
    return await import("chdb/connection");
  } catch (cause) {
    throw new StoreDown(
      "The embedded engine (package chdb) is not installed for this platform. Install it with `npm install chdb`, or set store.url to a ClickHouse server.",
      { cause },
    );
  }
}

const inUse = (path: string, who: string): string =>
  `The data directory ${path} is in use by another keywatch${who}. Stop that one first, or point store.url at a ClickHouse server to share it.`;

function embeddedTrouble(path: string, message: string): string {
  if (/lock file|already (running|used)|Failed to create connection/i.test(message)) {
    return `${inUse(path, "")} If none runs, look whether the directory can be written and its disk has room: ${message.split("\n")[0]}`;
  }
  return `The embedded store in ${path} did not open: ${message.split("\n")[0]}`;
}

/** connectServer opens a ClickHouse server; the database is made when it is not there. */
export async function connectServer(options: Config["store"]): Promise<Store> {
  const common = {
    url: options.url!,
    username: options.username,
    password: options.password,
    clickhouse_settings: SESSION_SETTINGS as Record<string, string | number>,
    request_timeout: 60_000,
    compression: { request: true, response: true },
  };
  const first = createClient(common);
  try {
    await first.command({ query: `CREATE DATABASE IF NOT EXISTS ${options.database}` });
  } catch (cause) {
    throw new StoreDown(
      `ClickHouse at ${options.url} did not answer: ${(cause as Error).message || (cause as { code?: string }).code}. Check store.url, username and password, and that it runs.`,
      { cause },
    );
  } finally {
    await first.close();
  }
  const client = createClient({ ...common, database: options.database });
  const insertBlock: BlockInsert = async (table, columns, block) => {
    const query = `INSERT INTO ${table} (${columns.join(", ")}) FORMAT Native`;
    const { stream } = await client.exec({ query, values: Readable.from(block, { objectMode: false }) });
    stream.resume();
  };
  const readOnly = async (): Promise<Store> => {
    const reader = createClient({ ...common, database: options.database, clickhouse_settings: { readonly: "1" } });
    return new ClientStore("server", reader, () => Promise.reject(new StoreDown("This session only reads.")), readOnly);
  };
  return new ClientStore("server", client, insertBlock, readOnly);
}

type BlockInsert = (table: string, columns: readonly string[], block: readonly Buffer[]) => Promise<void>;

let blockNumber = 0;

/** The embedded connection takes text only, so a binary block goes by a file beside the store: the page cache is as fast as a pipe. */
async function insertFromFile(
  client: ClickHouseClient,
  folder: string,
  table: string,
  columns: readonly string[],
  block: readonly Buffer[],
): Promise<void> {
  const file = join(folder, `${++blockNumber}.native`);
  const names = columns.join(", ");
  try {
    await writePieces(file, block);
    await client.command({
      query: `INSERT INTO ${table} (${names}) SELECT ${names} FROM file('${file.replace(/['\\]/g, "\\$&")}', 'Native')`,
    });
  } catch (cause) {
    throw /ENOSPC|No space left|NOT_ENOUGH_SPACE|Cannot reserve/i.test(String(cause))
      ? new StoreDown(DISK_FULL, { cause })
      : cause;
  } finally {
    await rm(file, { force: true });
  }
}

/** Pieces of one write; the system takes 1,024. */
const MAX_PIECES = 1_000;

/** writePieces writes a file without joining the pieces in memory first. */
async function writePieces(path: string, pieces: readonly Buffer[]): Promise<void> {
  const file = await openFile(path, "wx", 0o600);
  try {
    for (let from = 0; from < pieces.length; from += MAX_PIECES) {
      const some = pieces.slice(from, from + MAX_PIECES);
      const { bytesWritten } = await file.writev(some);
      if (bytesWritten < some.reduce((n, p) => n + p.length, 0)) throw new Error("ENOSPC: the disk took a part only");
    }
  } finally {
    await file.close();
  }
}

const DISK_FULL =
  "The disk is full: the rows were not stored and not acknowledged. Free some space, or shorten store.ttl; then send or read them again, nothing is counted twice.";

/** ClientStore is the store port over `@clickhouse/client`, whichever connection stands behind it. */
class ClientStore implements Store {
  readonly kind: "embedded" | "server";
  readonly #client: ClickHouseClient;
  readonly #insertBlock: BlockInsert;
  readonly #readOnly: () => Promise<Store>;

  constructor(
    kind: "embedded" | "server",
    client: ClickHouseClient,
    insertBlock: BlockInsert,
    readOnly: () => Promise<Store>,
  ) {
    this.kind = kind;
    this.#client = client;
    this.#insertBlock = insertBlock;
    this.#readOnly = readOnly;
  }

  async ask<P extends Params, R>(question: Question<P, R>, params: P): Promise<R[]> {
    const rows = await this.rows(question.sql, params);
    return rows.map((row, i) => {
      const parsed = question.row.safeParse(row);
      if (!parsed.success) throw new Error(`${question.name}, row ${i}: ${parsed.error.message}`);
      return parsed.data;
    });
  }

  async rows(sql: string, params: Params = {}): Promise<Record<string, unknown>[]> {
    const result = await this.#client.query({ query: sql, query_params: params, format: "JSONEachRow" });
    return result.json<Record<string, unknown>>();
  }

  async columns(sql: string, params: Params = {}): Promise<Record<string, unknown[]>> {
    const text = await this.text(sql, params, "JSONColumns");
    return JSON.parse(text) as Record<string, unknown[]>;
  }

  async text(sql: string, params: Params = {}, format?: string): Promise<string> {
    const query = format === undefined ? sql : `${sql.replace(/;\s*$/, "")}\nFORMAT ${format}`;
    const result = await this.#client.exec({ query, query_params: params });
    const chunks: Buffer[] = [];
    for await (const chunk of result.stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("utf8");
  }

  async insert(table: string, rows: readonly object[]): Promise<void> {
    if (rows.length > 0) await this.#client.insert({ table, values: rows, format: "JSONEachRow" });
  }

  insertBlock(table: string, columns: readonly string[], block: readonly Buffer[]): Promise<void> {
    return this.#insertBlock(table, columns, block);
  }

  async command(sql: string, params: Params = {}): Promise<void> {
    await this.#client.command({ query: sql, query_params: params });
  }

  readOnly(): Promise<Store> {
    return this.#readOnly();
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
