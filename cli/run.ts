import { userInfo } from "node:os";
import type { Readable } from "node:stream";
import { LookupFault } from "../alert/lookup.ts";
import { ConfigFault } from "../schemas/faults.ts";
import { StoreDown } from "../schemas/store/store.ts";
import type { Args } from "./commands/command.ts";
import { type Loaded, loadConfig, socketPath } from "./load_config.ts";
import { createLog } from "./log.ts";
import { CommandFault, type Out, terminalOut } from "./out.ts";
import { askRunning } from "./socket.ts";

export interface Globals {
  config?: string;
  data?: string;
}

/** configFor loads the config; --data (or KEYWATCH_DATA) chooses another data directory. */
export const configFor = (globals: Globals): Loaded =>
  loadConfig(globals.config ?? null, process.env, globals.data ?? process.env.KEYWATCH_DATA);

/** askServing asks the `serve` that runs on this data directory, for what makes sense only while one runs. */
export async function askServing(name: string, globals: Globals): Promise<number> {
  const out = terminalOut();
  const path = socketPath(configFor(globals).config);
  const answered = await askRunning(path, { command: name, args: {}, actor: userInfo().username }, out, null);
  if (answered === null) throw new CommandFault("No keywatch runs on this data directory; a start reads the config.");
  return answered;
}

/** tellServing has a running `serve` take the new address data into force, or says when they will be. */
export async function tellServing({ config }: Loaded, out: Out): Promise<number> {
  const order = { command: "reload", args: {}, actor: userInfo().username };
  const answered = await askRunning(socketPath(config), order, out, null);
  if (answered === null)
    out.note(
      config.kafka === null
        ? "No keywatch runs on this data directory; the next start takes it."
        : "Roles over Kafka take it at SIGHUP.",
    );
  return answered ?? 0;
}

/** runStoreCommand asks the `serve` that runs on this data directory, or opens the store itself. Gives the exit code. */
export async function runStoreCommand(
  name: string,
  globals: Globals,
  args: Args,
  stdin: Readable | null = null,
): Promise<number> {
  const out = terminalOut();
  const loaded = configFor(globals);
  const actor = userInfo().username;
  const answered = await askRunning(socketPath(loaded.config), { command: name, args, actor }, out, stdin);
  if (answered !== null) return answered;
  const [{ openApp }, { storeCommands }] = await Promise.all([
    import("./app.ts"),
    import("./commands/store_commands.ts"),
  ]);
  const app = await openApp({
    loaded,
    log: createLog({ ...loaded.config.log, fieldNames: loaded.config.redact.field_names }),
    output: { write: (text) => out.note(text), colour: out.color },
  });
  try {
    return await storeCommands[name]!({ app, args: { ...args, alone: true }, out, stdin, actor });
  } finally {
    await app.close();
  }
}

/** guarded turns what a command throws into a sentence and an exit code. */
export async function guarded(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    const sentence = (error as Error).message;
    process.stderr.write(`${known(error) ? sentence : `keywatch failed: ${sentence}`}\n`);
    if (process.env.KEYWATCH_DEBUG || !known(error)) process.stderr.write(`${(error as Error).stack}\n`);
  }
  // What is still open after a failure must not keep the process; output has time to leave.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

const LINGER_MS = 1_000;

const known = (error: unknown): boolean =>
  error instanceof CommandFault ||
  error instanceof ConfigFault ||
  error instanceof StoreDown ||
  error instanceof LookupFault;

const exitCodeOf = (error: unknown): number =>
  error instanceof CommandFault ? error.exitCode : error instanceof ConfigFault ? 2 : 1;
