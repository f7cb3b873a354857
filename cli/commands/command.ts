import type { Readable } from "node:stream";
import type { App } from "../app.ts";
import type { Out } from "../out.ts";

/** Arguments as plain JSON, so that they travel through the socket of a running `serve`. Paths are absolute. */
export type Args = Record<string, unknown>;

export interface Call {
  app: App;
  args: Args;
  out: Out;
  /** Standard input of the caller; read only by commands that say so. */
  stdin: Readable | null;
  /** Who asks, for the audit trail. */
  actor: string;
}

/** StoreCommand is a command that works on a store: in this process, or inside a running `serve`. Gives the exit code. */
export type StoreCommand = (call: Call) => Promise<number>;

export const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
export const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
export const flag = (value: unknown): boolean => value === true;
/** numberOr takes a number that the option checked. */
export const numberOr = (value: unknown, fallback: number): number => (typeof value === "number" ? value : fallback);
