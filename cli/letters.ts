import { iso } from "../schemas/duration.ts";
import { lettersBefore, type StoredLetter } from "../schemas/queries/dead_letters.ts";
import type { App } from "./app.ts";

const PAGE = 1_000;

/** markReplayed closes letters whose records are events now, or hold no call. */
export async function markReplayed({ store, now }: App, letters: readonly StoredLetter[]): Promise<void> {
  const updated_at = iso(now());
  await store.insert(
    "dead_letters",
    letters.map(({ ingested_ms, ...letter }) => ({
      ...letter,
      ...{ status: "replayed", ingested_at: iso(ingested_ms), updated_at },
    })),
  );
}

/** closeLetters closes the letters of a source that was read anew since `before`, ms: what could not be read again was written again. Gives how many. */
export async function closeLetters(app: App, source: string, before: number): Promise<number> {
  let closed = 0;
  for (;;) {
    const letters = await app.store.ask(lettersBefore, { source, before, limit: PAGE });
    if (letters.length === 0) return closed;
    await markReplayed(app, letters);
    closed += letters.length;
  }
}
