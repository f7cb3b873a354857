import { iso } from "../schemas/duration.ts";
import { sourcesProgress } from "../schemas/queries/ingest.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Earlier } from "./file_look.ts";
import type { Reached } from "./read_records.ts";

const FLUSH_ROWS = 500;

export type Progress = ReturnType<typeof createProgress>;

/** createProgress writes how far sources were read, many at once: a log folder holds thousands of small files. */
export function createProgress(store: Store, now: () => number) {
  let waiting: Reached[] = [];
  const flush = async () => {
    const rows = waiting;
    waiting = [];
    const updated_at = iso(now());
    await store.insert(
      "source_progress",
      rows.map(({ source, name, records, complete }) => ({ source, name, records, complete, updated_at })),
    );
  };

  /** How far these were read, by what is stored and what waits to be; those that nobody began are left out. */
  async function ofAll(sources: readonly string[]): Promise<ReadonlyMap<string, Earlier>> {
    const rows = await store.ask(sourcesProgress, { sources: [...sources] });
    const wanted = new Set(sources);
    return new Map([...rows, ...waiting.filter((w) => wanted.has(w.source))].map((row) => [row.source, row]));
  }

  return {
    async of(source: string): Promise<Earlier | null> {
      return (await ofAll([source])).get(source) ?? null;
    },
    ofAll,
    async reached(sources: readonly Reached[]) {
      waiting.push(...sources);
      if (waiting.length >= FLUSH_ROWS || sources.some((s) => !s.complete)) await flush();
    },
    flush,
  };
}
