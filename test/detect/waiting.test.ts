import { beforeAll, describe, expect, test } from "vitest";
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
import { byTime, engineFor, event, MONDAY, officeDays, row, THIEF } from "./make.ts";

const day = MONDAY + 50 * DAY_MS;
const of = (subject: string) => ({ subject_uid: `aws_cloudtrail:${subject}`, key_uid: `aws_cloudtrail:${subject}` });

/** Ten minutes after midnight: three calls a millisecond of an office key, a thief among them, a job that is denied all it tries. */
const night = byTime([
  ...Array.from({ length: 300 }, (_, i) => event({ time: day + 1_000 * Math.floor(i / 3), event_uid: `night-${i}` })),
  ...Array.from({ length: 40 }, (_, i) => {
    const denied = { outcome: "denied", error_code: "AccessDenied", operation: `Op${i}`, ...of("broken") } as const;
    return event({ time: day + 2_000 * i, event_uid: `denied-${i}`, ...denied });
  }),
  ...Array.from({ length: 5 }, (_, i) => event({ time: day + 60_000 * i, event_uid: `theft-${i}`, ...THIEF })),
]);

/** Night is a process in the first minutes of a day; `restart` begins it anew on what it has stored. */
interface Night {
  store: Store;
  detector: Detector;
  /** Number of the last event handed over. */
  last: number;
  restart(store?: Store): Promise<Detector>;
}

/** play learns 40 days, hands the night over in batches, lets `meanwhile` happen, and ends the night; it gives all that was found. */
async function play(maxWaiting: number, meanwhile?: (night: Night) => Promise<Detector>): Promise<Partial<Finding>[]> {
  const path = tempFolder();
  const store = await connectEmbedded(path);
  try {
    return await playOn(store, path, maxWaiting, meanwhile);
  } finally {
    await store.close();
  }
}

async function playOn(
  store: Store,
  path: string,
  maxWaiting: number,
  meanwhile: ((night: Night) => Promise<Detector>) | undefined,
): Promise<Partial<Finding>[]> {
  await migrate(store, config.parse({ store: { path } }));
  const found = new Map<string, Finding>();
  const restart = (on: Store = store): Promise<Detector> =>
    createDetector({
      store: on,
      engine: engineFor(),
      now: () => day + 20 * DAY_MS,
      latenessOf: () => 15 * MINUTE_MS,
      maxWaiting,
      pageRows: 37,
      onFindings: async (findings) => {
        for (const f of findings) found.set(f.uid, f);
      },
    });
  const writer = await createWriter(store);
  const stored = async (events: readonly DetectEvent[]): Promise<ApiActivity[]> => {
    const added = await writer.add(events.map(row));
    await writer.flush();
    return added.events;
  };
  let detector = await restart();
  const history = await stored(officeDays(40));
  await detector.catchUp([{ from: 1, to: history.at(-1)!.seq }], { report: true });
  let last = 0;
  for (let i = 0; i < night.length; i += 50) {
    const batch = await stored(night.slice(i, i + 50));
    last = batch.at(-1)!.seq;
    await detector.accept(batch);
  }
  expect(found.size).toBe(0);
  if (meanwhile) detector = await meanwhile({ store, detector, last, restart });
  const morning = await stored([event({ time: day + 9 * HOUR_MS, event_uid: "morning" })]);
  await detector.accept(morning).catch(() => undefined);
  await detector.save(morning[0]!.seq);
  await detector.tick(() => "ended");
  return [...found.values()]
    .map(({ uid, subject_uid, detection, severity, first_seen, event_uids, event_count }) => ({
      ...{ uid, subject_uid, detection, severity, first_seen, event_uids, event_count },
    }))
    .sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

describe("events that wait for midnight, beyond the bound of memory", () => {
  let unbounded: Partial<Finding>[] = [];
  beforeAll(async () => {
    unbounded = await play(1_000_000);
  });

  test("are judged out of the store as if they had stayed", async () => {
    const detections = unbounded.map((f) => f.detection);
    expect(detections).toEqual(expect.arrayContaining(["denied_enumeration", "failure_spike", "new_source"]));
    expect(await play(20)).toEqual(unbounded);
    expect(await play(1)).toEqual(unbounded);
  });

  test("and so over a restart", async () => {
    const restarted = play(20, async ({ detector, last, restart }) => {
      await detector.save(last);
      return restart();
    });
    expect(await restarted).toEqual(unbounded);
  });

  test("a store that refuses half way loses none and doubles none", async () => {
    let reads = 0;
    const shaken = play(20, async ({ store, detector, last, restart }) => {
      await detector.save(last);
      const again = await restart();
      const columns = store.columns.bind(store);
      // The second page of what waited outside of memory.
      store.columns = (sql, params) => (++reads === 2 ? Promise.reject(new Error("down")) : columns(sql, params));
      return again;
    });
    expect(await shaken).toEqual(unbounded);
    expect(reads).toBeGreaterThan(2);
  });

  test("a subject that is forgotten meanwhile is not judged", async () => {
    const found = await play(20, async ({ detector }) => {
      await detector.forget(new Set(["aws_cloudtrail:broken"]));
      return detector;
    });
    expect(found).toEqual(unbounded.filter((f) => f.subject_uid !== "aws_cloudtrail:broken"));
    expect(found.length).toBeLessThan(unbounded.length);
  });
});
