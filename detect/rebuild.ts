import type { Finding } from "../schemas/finding.ts";
import type { Store } from "../schemas/store/store.ts";
import { createDetector } from "./detector.ts";
import type { Engine } from "./engine.ts";
import { readEvents } from "./event_reader.ts";
import { EMBEDDED_LOG, type Ledger, openLedger, type ProfileRow } from "./ledger.ts";

export interface RebuildParts {
  store: Store;
  /** A new one, that has learned nothing. */
  engine: Engine;
  now: () => number;
  latenessOf(provider: string): number;
  /** Number of the last stored event. */
  upto: number;
  onProgress?(done: number): void;
}

export interface Rebuilt {
  events: number;
  profiles: number;
  /** What the same events say now; nothing of it was written or told. */
  findings: Finding[];
}

/**
 * rebuild learns all profiles once more from the stored events, and puts them in the place of the old ones by one checkpoint: killed before
 * it, the old ones still hold and what was written of the new ones goes at the next start; after it, the new ones do.
 */
export async function rebuild(parts: RebuildParts): Promise<Rebuilt> {
  const { store, engine, now, latenessOf, upto } = parts;
  const findings: Finding[] = [];
  let rows: readonly ProfileRow[] = [];
  const detector = await createDetector({
    store: withoutFindings(store),
    engine,
    now,
    latenessOf,
    ledger: inMemory((saved) => {
      rows = saved;
    }),
    onFindings: async (found) => void findings.push(...found),
  });
  // As they would have come live, one after another: what may still be late is waited for here too.
  const ordered = detector.beginOrdered();
  let events = 0;
  for await (const page of readEvents(store, { ranges: [{ from: 0, to: upto }] })) {
    await ordered.offer(page);
    events += page.length;
    parts.onProgress?.(events);
  }
  if ((await ordered.end({ report: true })) === null) throw new Error("The store gave its events out of order.");
  await detector.save(upto);
  const ledger = await openLedger(store, now);
  await ledger.save(rows, upto);
  await store.command("DELETE FROM profiles WHERE log = {log:String} AND generation < {generation:UInt64}", {
    log: EMBEDDED_LOG,
    generation: ledger.generation(),
  });
  return { events, profiles: rows.filter((r) => !r.subject_uid.startsWith("~")).length, findings };
}

/** A ledger that knows nothing and keeps what it is given. */
const inMemory = (saved: (rows: readonly ProfileRow[]) => void): Ledger => ({
  generation: () => 0,
  detectedTo: () => 0,
  profiles: async () => [],
  openSubjects: async () => [],
  save: async (rows) => saved(rows),
  stillMine: async () => true,
});

/** Events are read from it, findings are not written to it. */
const withoutFindings = (store: Store): Store => ({
  kind: store.kind,
  ask: (question, params) => store.ask(question, params),
  rows: (sql, params) => store.rows(sql, params),
  columns: (sql, params) => store.columns(sql, params),
  text: (sql, params, format) => store.text(sql, params, format),
  insert: async () => undefined,
  insertBlock: () => Promise.reject(new Error("A rebuild writes no events.")),
  command: () => Promise.reject(new Error("A rebuild changes no tables.")),
  readOnly: () => store.readOnly(),
  scratch: () => store.scratch(),
  openReading: null,
  close: async () => undefined,
});
