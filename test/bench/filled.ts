import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { config } from "../../schemas/config.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { fillEvents } from "./fill.ts";

/** Filled is a data directory with made-up events. */
export interface Filled {
  path: string;
  events: number;
  /** Removes it, where it was made for this run alone. */
  end(): void;
}

/** filled reads `[events] [folder]` of the command line (10 million): a folder is kept, and filled only where it holds nothing. */
export async function filled(): Promise<Filled> {
  const events = Number(process.argv[2] ?? 10_000_000);
  const kept = process.argv[3];
  const path = kept ?? mkdtempSync(join(tmpdir(), "keywatch-bench-"));
  const store = await connectEmbedded(path);
  try {
    await migrate(store, config.parse({}));
    const start = performance.now();
    const [held] = await store.rows("SELECT count() AS events FROM events");
    if (Number(held!.events) === 0) {
      await fillEvents(store, events, (done) => process.stderr.write(`\rfilled ${done}`));
      process.stderr.write(` in ${Math.round((performance.now() - start) / 1000)} s\n`);
    }
    const [size] = await store.rows(
      `SELECT sum(rows) AS rows, uniqExact(partition) AS partitions, count() AS parts, formatReadableSize(sum(bytes_on_disk)) AS disk FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'events'`,
    );
    console.log(`${events.toLocaleString("en-US")} events: ${JSON.stringify(size)}`);
  } finally {
    await store.close();
  }
  return {
    path,
    events,
    end: () => {
      if (kept === undefined) rmSync(path, { recursive: true, force: true });
    },
  };
}
