import { iso } from "../schemas/duration.ts";
import type { SeqRange } from "../schemas/queries/detect.ts";
import type { Store } from "../schemas/store/store.ts";
import type { App } from "./app.ts";

/** The row of `meta` that says whether the first back-fill of a store is through. */
const MARK = "first_history";

/** historyIsOpen tells that a first back-fill was begun and not ended, whatever ended the process: what it stored, and what is left of it, pages nobody. */
export async function historyIsOpen(store: Store): Promise<boolean> {
  const [row] = await store.rows(`SELECT value FROM meta FINAL WHERE name = '${MARK}'`);
  return row?.value === "open";
}

export const markHistory = ({ store, now }: Pick<App, "store" | "now">, value: "open" | "through"): Promise<void> =>
  store.insert("meta", [{ name: MARK, value, updated_at: iso(now()) }]);

/** leftoversOf names the rows above the checkpoint: a run stored them that ended before it judged them, or before it said so. */
export function leftoversOf({ detector, writer }: Pick<App, "detector" | "writer">): SeqRange[] {
  const from = detector.detectedTo() + 1;
  const to = writer.lastSeq();
  return from > to ? [] : [{ from, to }];
}

export async function judgeLeftovers(app: App): Promise<void> {
  const ranges = leftoversOf(app);
  if (ranges.length === 0) return;
  await app.judge(ranges, { report: await historyIsOpen(app.store) });
  await app.save();
}
