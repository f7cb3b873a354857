import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { createDetector, type Detector } from "../../detect/detector.ts";
import { createWriter } from "../../ingest/writer.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import type { Store } from "../../schemas/store/store.ts";
import { tempFolder } from "../support.ts";
import { engineFor, event, MONDAY, officeDays, row, THIEF } from "./make.ts";

let store: Store;
const found = new Map<string, Finding>();
const now = MONDAY + 60 * DAY_MS;

beforeAll(async () => {
  const path = tempFolder();
  store = await connectEmbedded(path);
  await migrate(store, config.parse({ store: { path } }));
});
afterAll(() => store.close());

/** start is a process that begins: a new engine on the same store. */
const start = (): Promise<Detector> =>
  createDetector({
    store,
    engine: engineFor(),
    now: () => now,
    latenessOf: () => 15 * MINUTE_MS,
    onFindings: async (findings) => {
      for (const f of findings) found.set(f.uid, f);
    },
  });

async function stored(events: DetectEvent[]): Promise<ApiActivity[]> {
  const writer = await createWriter(store);
  const added = await writer.add(events.map(row));
  await writer.flush();
  return added.events;
}

describe("detector", () => {
  test("an event of a day's first minutes waits for the day before, over a restart, and is judged once", async () => {
    const history = await stored(officeDays(40));
    const first = await start();
    await first.catchUp([{ from: 1, to: history.at(-1)!.seq }], { report: true });
    expect(found.size).toBe(0);
    const day = MONDAY + 42 * DAY_MS;
    const theft = await stored([event({ time: day + 5 * MINUTE_MS, ...THIEF })]);
    await first.accept(theft);
    await first.save(theft[0]!.seq);
    expect(found.size).toBe(0);

    const second = await start();
    const later = await stored([event({ time: day + 9 * HOUR_MS })]);
    await second.accept(later);
    const sources = [...found.values()].filter((f) => f.detection === "new_source");
    expect(sources.map((f) => [f.severity, f.event_uids, f.event_count])).toEqual([
      ["medium", [theft[0]!.event_uid], 1],
    ]);
    await second.save(later[0]!.seq);
  });

  test("what was stored and not judged is judged at the next start, with the same uids, and what was judged is not judged again", async () => {
    const before = [...found.keys()].sort();
    const third = await start();
    expect(third.detectedTo()).toBeGreaterThan(0);
    const more = await stored([
      event({
        time: MONDAY + 43 * DAY_MS + 9 * HOUR_MS,
        ...THIEF,
        operation: "StopLogging",
        service: "cloudtrail",
        verb_class: "admin",
      }),
    ]);
    // Killed here: the rows are stored, nothing was said about them.
    const fourth = await start();
    await fourth.catchUp([{ from: third.detectedTo() + 1, to: more.at(-1)!.seq }], { report: false });
    const after = [...found.keys()].sort();
    expect(after.length).toBeGreaterThan(before.length);
    // Killed again, before the checkpoint: the same rows give the same findings.
    const fifth = await start();
    await fifth.catchUp([{ from: fifth.detectedTo() + 1, to: more.at(-1)!.seq }], { report: false });
    expect([...found.keys()].sort()).toEqual(after);
  });
});
