import { readdirSync } from "node:fs";
import { join } from "node:path";

/** corpusFiles lists the corpus in its order. */
export const corpusFiles = (directory: string): string[] =>
  readdirSync(directory)
    .filter((f) => f.endsWith(".json.gz"))
    .sort()
    .map((f) => join(directory, f));

/** measure runs work and prints one JSON line: seconds, CPU seconds of all threads, peak memory. */
export async function measure(work: () => Promise<{ events: number }>): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const done = await work();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const peakMb = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(
    `${JSON.stringify({ seconds, cpuSeconds: (used.user + used.system) / 1e6, peakMb, ...done })}\n`,
  );
}
