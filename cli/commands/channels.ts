import { tryReceiver } from "../../alert/try_receiver.ts";
import type { Loaded } from "../load_config.ts";
import { CommandFault, count, type Out } from "../out.ts";

/** channelsTest sends a test message to every channel of a receiver and says what became of it. Exit code 1 where one failed. */
export async function channelsTest(loaded: Loaded, name: string, out: Out, now: () => number): Promise<number> {
  const { receivers, alert } = loaded.config;
  const receiver = receivers.find((r) => r.name === name);
  if (!receiver) {
    const names = receivers.map((r) => r.name).join(", ");
    throw new CommandFault(`There is no receiver ${name}; there are ${names || "none"}.`, 2);
  }
  if (receiver.channels.length === 0) throw new CommandFault(`The receiver ${name} has no channels.`, 2);
  const output = { write: (text: string) => out.line(text.replace(/\n$/, "")), colour: out.color };
  const fine = await tryReceiver(
    receiver,
    { now, output, externalUrl: alert.external_url },
    ({ channel, step, result, tookMs }) => {
      const took = `${count(tookMs)} ms`;
      const said =
        result.kind === "ok"
          ? `delivered in ${took}`
          : `${result.kind === "retry" ? "failed, would be tried again" : "failed"} after ${took} (${result.reason}): ${result.detail}`;
      out.line(`${channel}  ${step}  ${said}`);
    },
  );
  return fine ? 0 : 1;
}
