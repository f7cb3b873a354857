import { printLines } from "./commands/doctor.ts";
import { databaseLines } from "./doctor/databases.ts";
import { faultLines } from "./doctor/line.ts";
import { machineLines } from "./doctor/machine.ts";
import { terminalOut } from "./out.ts";
import { configFor, type Globals, runStoreCommand } from "./run.ts";

/** runDoctor asks the running `serve`, or opens the store, and asks the brokers where there are any; where the config or the store does not open, that is what it tells. */
export async function runDoctor(globals: Globals, args: { json?: boolean }, now: () => number): Promise<number> {
  try {
    const loaded = configFor(globals);
    const { kafka } = loaded.config;
    if (kafka === null) return await runStoreCommand("doctor", globals, args);
    const { overKafka } = await import("./doctor/over_kafka.ts");
    return await overKafka(loaded, kafka, { json: args.json === true, out: terminalOut(), now });
  } catch (error) {
    return printLines(
      [...machineLines(), ...databaseLines(now(), null), ...faultLines(error)],
      args.json === true,
      terminalOut(),
    );
  }
}
