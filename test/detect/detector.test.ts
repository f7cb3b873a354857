import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { createDetector, type Detector, type DetectorParts } from "../../detect/detector.ts";
import { createWriter } from "../../ingest/writer.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Store } from "../../schemas/store/store.ts";
import { openTestStore } from "../support.ts";
import { engineFor, event, MONDAY, officeDays, row, THIEF } from "./make.ts";

let store: Store;
const found = new Map<string, Finding>();
const now = MONDAY + 60 * DAY_MS;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

/** start is a process that begins: a new engine on the same store. */
const start = (over: Partial<DetectorParts> = {}): Promise<Detector> =>
  createDetector({
    store,
    engine: engineFor(),
    now: () => now,
    latenessOf: () => 15 * MINUTE_MS,
    onFindings: async (findings) => {
      for (const f of findings) found.set(f.uid, f);
    },
    ...over,
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

  test("profiles with nothing open leave memory at a save, and come back with the next event as they were", async () => {
    const cold = engineFor();
    const detector = await start({ engine: cold, maxProfiles: 0 });
    const quiet = event({ time: MONDAY + 50 * DAY_MS + 10 * HOUR_MS });
    const batch = await stored([quiet]);
    await detector.accept(batch);
    await detector.save(batch[0]!.seq);
    expect(cold.profile(quiet.subject_uid)).not.toBeNull();
    const [wake] = await stored([
      event({ time: MONDAY + 52 * DAY_MS + 10 * HOUR_MS, subject_uid: "aws_cloudtrail:other", key_uid: null }),
    ]);
    await detector.accept([wake!]);
    await detector.save(wake!.seq);
    expect(cold.profile(quiet.subject_uid)).toBeNull();

    const before = [...found.keys()];
    const [theft] = await stored([event({ time: MONDAY + 52 * DAY_MS + 11 * HOUR_MS, ...THIEF })]);
    await detector.accept([theft!]);
    const learned = cold.profile(quiet.subject_uid)!.sealed;
    expect([learned.activeDays > 25, learned.through]).toEqual([true, MONDAY / DAY_MS + 50]);
    const fresh = [...found.values()].filter((f) => !before.includes(f.uid));
    expect(fresh.map((f) => [f.detection, f.learning])).toContainEqual(["new_source", false]);
  });

  test("what the store did not let be judged waits, no checkpoint passes it, and it is judged with the next ones", async () => {
    let refuses = false;
    const ask = store.ask.bind(store);
    store.ask = (...of) => (refuses ? Promise.reject(new Error("the store is gone for a moment")) : ask(...of));
    // On each new day the detector asks what people said.
    let clock = MONDAY + 55 * DAY_MS + 9 * HOUR_MS;
    const detector = await start({ now: () => clock });
    const [calm] = await stored([event({ time: clock })]);
    await detector.accept([calm!]);
    await detector.save(calm!.seq);
    const known = new Set(found.keys());

    clock += DAY_MS;
    const [theft] = await stored([event({ time: clock, ...THIEF, country: "NZ" })]);
    refuses = true;
    await expect(detector.accept([theft!])).rejects.toThrow("gone for a moment");
    await expect(detector.save(theft!.seq)).rejects.toThrow("gone for a moment");
    expect(detector.detectedTo()).toBe(calm!.seq);
    refuses = false;
    await detector.save(theft!.seq);
    const told = [...found.values()].filter((f) => !known.has(f.uid));
    expect(told.map((f) => [f.detection, f.event_uids])).toContainEqual(["new_source", [theft!.event_uid]]);
    expect(detector.detectedTo()).toBe(theft!.seq);
  });
});
