import { mkdirSync, rmSync } from "node:fs";
import { open as openFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import type { Config } from "../config.ts";
import { type BlockInsert, ClientStore } from "./client_store.ts";
import { ENGINE_MALLOC, engineArguments } from "./engine_config.ts";
import { holderOf } from "./lock.ts";
import { embeddedReadings } from "./reading.ts";
import { droppedAtEnd, SCRATCHES, scratchName } from "./scratch.ts";
import { connectServer } from "./server.ts";
import { SESSION_SETTINGS } from "./settings.ts";
import { isDiskFull, type Store, StoreDown } from "./store.ts";

/** connectStore opens the engine that the config names. Errors are StoreDown with the mend. `tell` hears of a server that is waited for. */
export async function connectStore(config: Pick<Config, "store">, tell?: (sentence: string) => void): Promise<Store> {
  return config.store.url === null ? connectEmbedded(config.store.path) : connectServer(config.store, tell);
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
  const { createChdbConnection, Session } = await loadChdb();
  const blocks = join(directory, "blocks");
  const connect = () => createChdbConnection({ path: join(directory, "store") });
  const readings = embeddedReadings(connect);
  /** The first connection brings the engine's configuration, and stays until the last session ends. */
  let engine: InstanceType<typeof Session> | null = null;
  let sessions = 0;
  const leave = (): void => {
    engine?.close();
    engine = null;
  };
  const open = async (): Promise<ClientStore> => {
    engine ??= new Session(join(directory, "store"), { connectionArgs: engineArguments(directory) });
    const connection = connect();
    sessions++;
    const client = createClient({ connection } as unknown as Parameters<typeof createClient>[0]);
    const insertBlock: BlockInsert = (table, columns, block) => insertFromFile(client, blocks, table, columns, block);
    const session = new ClientStore({
      kind: "embedded",
      client,
      insertBlock,
      openReading: ({ settings, params }) => readings({ settings: { ...SESSION_SETTINGS, ...settings }, params }),
      end() {
        void readings.end();
        if (--sessions === 0) leave();
      },
      async readOnly() {
        const reader = await open();
        await reader.command("SET readonly = 1");
        return reader;
      },
      async scratch() {
        const name = scratchName();
        const session = await open();
        await session.command(`CREATE DATABASE ${name}`);
        await session.command(`USE ${name}`);
        return droppedAtEnd(session, name);
      },
    });
    for (const [name, value] of Object.entries(SESSION_SETTINGS)) {
      await session.command(`SET ${name} = ${typeof value === "string" ? `'${value}'` : value}`);
    }
    return session;
  };
  try {
    const store = await open();
    for (const { name } of await store.rows(SCRATCHES)) await store.command(`DROP DATABASE ${String(name)}`);
    // Blocks of a run that was killed: their rows were not acknowledged, or are stored.
    rmSync(blocks, { recursive: true, force: true });
    mkdirSync(blocks, { mode: 0o700 });
    return store;
  } catch (cause) {
    leave();
    throw new StoreDown(embeddedTrouble(path, String((cause as Error).message)), { cause });
  }
}

async function loadChdb() {
  process.env.JE_MALLOC_CONF ??= ENGINE_MALLOC;
  try {
    const { createChdbConnection } = await import("chdb/connection");
    const { Session } = await import("chdb");
    return { createChdbConnection, Session };
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
    throw isDiskFull(cause) ? new StoreDown(DISK_FULL, { cause }) : cause;
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
