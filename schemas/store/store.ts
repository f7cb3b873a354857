import type { z } from "zod";
import type { OpenReading } from "./reading.ts";

/** Params are bound by the engine (`{name:Type}`), never pasted into SQL. */
export type Params = Record<string, string | number | boolean | null | readonly (string | number)[]>;

/** Question is one typed query: its SQL and the shape of a row. Times come as ms since the epoch. */
export interface Question<P extends Params, R> {
  name: string;
  sql: string;
  row: z.ZodType<R>;
  /** Never set; carries the parameter type. */
  params?: P;
}

export const defineQuestion = <P extends Params, R>(q: {
  name: string;
  sql: string;
  row: z.ZodType<R>;
}): Question<P, R> => q;

/** StoreDown says that the store could not be reached or refused to work; the message is for people. */
export class StoreDown extends Error {
  override name = "StoreDown";
}

/** isDiskFull tells a write that failed for want of room, here or on a server. */
export const isDiskFull = (error: unknown): boolean =>
  /ENOSPC|No space left|NOT_ENOUGH_SPACE|Cannot reserve|disk is full/i.test(String(error));

/**
 * Store is the one door to ClickHouse; nothing above it knows whether the engine is embedded or a server.
 * Every method rejects with StoreDown, or with ClickHouseError when the engine refused the statement.
 */
export interface Store {
  readonly kind: "embedded" | "server";
  /** Asks a typed question; rows are checked against its shape. */
  ask<P extends Params, R>(question: Question<P, R>, params: P): Promise<R[]>;
  /** Runs any SELECT and gives rows as objects, unchecked. */
  rows(sql: string, params?: Params): Promise<Record<string, unknown>[]>;
  /** Runs a SELECT and gives whole columns by name, the cheap way to read many rows. */
  columns(sql: string, params?: Params): Promise<Record<string, unknown[]>>;
  /** Runs a SELECT and gives the engine's own text in the format that the SQL or `format` names. */
  text(sql: string, params?: Params, format?: string): Promise<string>;
  /** Inserts small numbers of rows as objects; column names are the keys. */
  insert(table: string, rows: readonly object[]): Promise<void>;
  /** Inserts one block in ClickHouse's Native format, the way of the hot path; `columns` are those of the block, which comes in pieces. */
  insertBlock(table: string, columns: readonly string[], block: readonly Buffer[]): Promise<void>;
  /** Runs DDL or another statement without a result. */
  command(sql: string, params?: Params): Promise<void>;
  /** A second session that can only read. */
  readOnly(): Promise<Store>;
  /** A session on an empty database of its own in the same engine, which goes when the session is closed. Nothing else is touched. */
  scratch(): Promise<Store>;
  /** Opens sessions for other people's questions; null where the store is a server, which they ask themselves. */
  readonly openReading: OpenReading | null;
  close(): Promise<void>;
}
