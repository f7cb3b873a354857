import type { Metrics } from "../schemas/metrics.ts";
import { isDiskFull, type Store } from "../schemas/store/store.ts";

/** StoreDoor is a store through which every call is timed, and behind which writes can be held for a moment. */
export interface StoreDoor extends Store {
  /**
   * Holds new writes, waits for those under way, does the work on the store itself, and lets the writes go on. What is in the
   * store meanwhile is what a kill would have left, and that is a state every start knows to go on from.
   */
  whileStill<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /** False after a write that failed for want of room, until one succeeds. */
  hasRoom(): boolean;
}

export function createStoreDoor(store: Store, metrics: Metrics): StoreDoor {
  let writing = 0;
  let room = true;
  let still: Promise<void> | null = null;
  let quiet: () => void = () => undefined;

  async function timed<T>(call: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    let ok = false;
    try {
      const result = await work();
      ok = true;
      return result;
    } finally {
      metrics.storeCall({ call, ok, seconds: (performance.now() - start) / 1000 });
    }
  }

  async function write<T>(call: string, work: () => Promise<T>): Promise<T> {
    while (still !== null) await still;
    writing++;
    try {
      const result = await timed(call, work);
      room = true;
      return result;
    } catch (error) {
      if (isDiskFull(error)) room = false;
      throw error;
    } finally {
      writing--;
      if (writing === 0) quiet();
    }
  }

  return {
    kind: store.kind,
    ask: (question, params) => timed("ask", () => store.ask(question, params)),
    rows: (sql, params) => timed("ask", () => store.rows(sql, params)),
    columns: (sql, params) => timed("ask", () => store.columns(sql, params)),
    text: (sql, params, format) => timed("ask", () => store.text(sql, params, format)),
    insert: (table, rows) => (rows.length === 0 ? Promise.resolve() : write("insert", () => store.insert(table, rows))),
    insertBlock: (table, columns, block) => write("insert_block", () => store.insertBlock(table, columns, block)),
    command: (sql, params) => write("command", () => store.command(sql, params)),
    readOnly: () => store.readOnly(),
    scratch: () => store.scratch(),
    openReading: store.openReading,
    hasRoom: () => room,
    close: () => store.close(),
    async whileStill(work) {
      while (still !== null) await still;
      let open: () => void = () => undefined;
      still = new Promise((resolve) => {
        open = resolve;
      });
      try {
        if (writing > 0)
          await new Promise<void>((resolve) => {
            quiet = resolve;
          });
        return await work(store);
      } finally {
        quiet = () => undefined;
        still = null;
        open();
      }
    },
  };
}
