import { ConfigFault } from "../schemas/faults.ts";
import { StoreDown } from "../schemas/store/store.ts";
import { printLines } from "./commands/doctor.ts";
import { databaseLines } from "./doctor/databases.ts";
import { bad, type Line } from "./doctor/line.ts";
import { machineLines } from "./doctor/machine.ts";
import { terminalOut } from "./out.ts";
import { type Globals, runStoreCommand } from "./run.ts";

/** runDoctor asks the running `serve`, or opens the store; where the config or the store does not open, that is what it tells. */
export async function runDoctor(globals: Globals, args: { json?: boolean }, now: number): Promise<number> {
  try {
    return await runStoreCommand("doctor", globals, args);
  } catch (error) {
    return printLines(
      [...machineLines(), ...databaseLines(now, null), ...faultLines(error)],
      args.json === true,
      terminalOut(),
    );
  }
}

function faultLines(error: unknown): Line[] {
  if (error instanceof ConfigFault)
    return error.faults.map((fault) => bad("config", fault, "mend it; `keywatch check` looks again"));
  const says = (error as Error).message.split("\n")[0]!;
  if (error instanceof StoreDown) return [bad("store", says, "the rest could not be looked at without the store")];
  return [bad("start", says, "a start would end the same way")];
}
