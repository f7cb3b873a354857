import type { Log } from "./log.ts";

/** Step is one part of coming to an end; those that come first feed those that come after. */
export interface Step {
  name: string;
  /** How long it may take, ms. What is cut off is done again at the next start, so nothing is lost by it. */
  withinMs: number;
  run(): Promise<unknown>;
  /** What is done where it took too long. */
  force?(): void;
}

/** stopInOrder runs the steps one after another. One that fails or takes too long is told, and the next ones run all the same. Gives whether all went well. */
export async function stopInOrder(steps: readonly Step[], log: Log): Promise<boolean> {
  let well = true;
  for (const { name, withinMs, run, force } of steps) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${withinMs} ms`)), withinMs);
    });
    try {
      await Promise.race([run(), late]);
    } catch (error) {
      well = false;
      force?.();
      log.error(
        { step: name, error: String(error) },
        "A part did not stop in order; the next start goes on from the checkpoint.",
      );
    } finally {
      clearTimeout(timer);
    }
  }
  return well;
}
