import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll } from "vitest";
import { type App, openApp } from "../cli/app.ts";
import type { Out } from "../cli/out.ts";
import { type ConfigText, config } from "../schemas/config.ts";
import { packageRoot } from "../schemas/package_root.ts";
import { connectEmbedded } from "../schemas/store/connect.ts";
import { migrate } from "../schemas/store/migrate.ts";
import type { Store } from "../schemas/store/store.ts";

export { until } from "./until.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** tempFolder is an empty folder that goes with the test file. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "keywatch-test-"));
  folders.push(folder);
  return folder;
}

/** What a test stores at a time of its own is kept, whatever the year in which it runs. */
const FOR_GOOD = { events: "10000d", raw: "10000d" };

/** loadedFor is a config as the CLI would have loaded it, with its data in `path`. */
export const loadedFor = (path: string, text: ConfigText = {}) => ({
  config: config.parse({ ...text, store: { ttl: FOR_GOOD, ...text.store, path } }),
  base: path,
  file: null,
});

/** openTestStore opens a real store in a folder, with every table. */
export async function openTestStore(path = tempFolder()): Promise<Store> {
  const store = await connectEmbedded(path);
  await migrate(store, loadedFor(path).config);
  return store;
}

/** openTestApp opens a real store in a folder and wires everything on it. */
export const openTestApp = (path: string, text: ConfigText = {}): Promise<App> =>
  openApp({
    loaded: loadedFor(path, text),
    log: pino({ level: "silent" }),
    output: { write: () => undefined, colour: false },
  });

/** quietOut keeps what a command says. */
export function quietOut(): Out & { lines: string[]; notes: string[] } {
  const lines: string[] = [];
  const notes: string[] = [];
  return {
    lines,
    notes,
    line: (s) => void lines.push(s),
    note: (s) => void notes.push(s),
    progress: () => undefined,
    color: false,
    width: 120,
  };
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

const NODE = process.execPath;
/** Node 24 runs the sources as they are; older ones run what `npm run build` made. */
export const MAIN =
  Number(process.versions.node.split(".")[0]) >= 24
    ? join(packageRoot, "main.ts")
    : join(packageRoot, "dist", "main.js");

export interface RunOptions {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  /** Called with what was written so far; to kill or to go on. */
  onOutput?(text: string, child: ReturnType<typeof spawn>): void;
}

/** keywatch runs the command line as a process of its own. */
export function keywatch(args: string[], options: RunOptions = {}): Promise<Ran> & { child: ReturnType<typeof spawn> } {
  const child = spawn(NODE, [MAIN, ...args], {
    cwd: options.cwd ?? packageRoot,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (s: string) => {
    stdout += s;
    options.onOutput?.(stdout + stderr, child);
  });
  child.stderr.setEncoding("utf8").on("data", (s: string) => {
    stderr += s;
    options.onOutput?.(stdout + stderr, child);
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const done = new Promise<Ran>((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  return Object.assign(done, { child });
}
