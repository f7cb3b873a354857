import { z } from "zod";
import { HOUR_MS, iso } from "../schemas/duration.ts";
import { cursorOf } from "../schemas/queries/cursors.ts";
import type { SeqRange } from "../schemas/queries/detect.ts";
import type { App, Origin } from "./app.ts";
import { createHistory } from "./ingest_job.ts";
import type { Progress } from "./progress.ts";
import type { Block } from "./read_records.ts";

const lookCursor = z.object({ start: z.number(), looked: z.number(), swept: z.number() });
/** LookCursor says since when objects are wanted, and when the last look and the last listing of everything began; ms. */
export type LookCursor = z.infer<typeof lookCursor>;

/** cursorIn keeps the cursor of a source in the store. */
export function cursorIn(app: App, id: string) {
  const name = `cursor ${id}`;
  const write = (cursor: LookCursor): Promise<void> =>
    app.store.insert("meta", [{ name, value: JSON.stringify(cursor), updated_at: iso(app.now()) }]);
  return {
    async read(): Promise<LookCursor | null> {
      const [row] = await app.store.ask(cursorOf, { name });
      return row === undefined ? null : lookCursor.parse(JSON.parse(row.value));
    },
    write,
    /** The first look begins here, however often it fails. */
    async begin(start: number, now: number): Promise<LookCursor> {
      const cursor = { start, looked: start, swept: now };
      await write(cursor);
      return cursor;
    },
  };
}

/** A bucket lists one account and region after the other: what is further behind than this is put in order of time before it is judged. */
const HISTORY_MS = HOUR_MS;

/** Storing takes the blocks of one look. */
export interface Storing {
  /** For a look that is not behind, comes back when the block is stored. */
  store(block: Block): Promise<void>;
  /** Comes back when everything is stored; `cut` where the process ends, which leaves judging to the next start. */
  end(cut: boolean): Promise<void>;
}

/** createLooks makes what stores the looks of one source: judged at once, or, where a look is behind, when all of it is there. */
export function createLooks(app: App, progress: Progress): { begin(behindMs: number): Storing } {
  // A store without history learns first; nobody is paged for what lies in the bucket.
  let report = app.writer.lastSeq() === 0;
  /** What a look stored that failed before it was judged; no checkpoint may pass it. */
  let owed: SeqRange[] = [];
  let release: (() => void) | null = null;

  const live: Storing = {
    async store(block) {
      await app.take(block.yielded, ORIGIN);
      await progress.reached(block.reached);
    },
    end: () => progress.flush(),
  };

  function behind(): Storing {
    release ??= app.hold();
    const history = createHistory(app, progress, null);
    let adding: Promise<void> = Promise.resolve();
    return {
      store(block) {
        const added = adding.then(() => history.add(block, ORIGIN));
        adding = added.catch(() => undefined);
        return added;
      },
      async end(cut) {
        owed.push(...history.ranges);
        await history.end();
        if (cut) return;
        await app.judge(owed, { report });
        owed = [];
        report = false;
        release?.();
        release = null;
        await app.save();
      },
    };
  }

  return { begin: (behindMs) => (behindMs > HISTORY_MS ? behind() : live) };
}

const ORIGIN: Origin = { source: "s3", bytes: null };
