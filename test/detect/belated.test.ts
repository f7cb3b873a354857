import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { createDetector, type DetectorParts } from "../../detect/detector.ts";
import type { Engine } from "../../detect/engine.ts";
import { createWriter } from "../../ingest/writer.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Store } from "../../schemas/store/store.ts";
import { openTestStore } from "../support.ts";
import { byTime, closed, engineFor, event, MONDAY, row } from "./make.ts";

/* A key's use is told as use after revocation whichever of the two records comes first. */

const day = MONDAY + DAY_MS;
let store: Store;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

const key = (name: string): Partial<DetectEvent> => ({
  ...{ key_uid: `aws_cloudtrail:${name}`, subject_uid: `aws_cloudtrail:${name}` },
  principal_uid: `arn:aws:iam::111122223333:user/${name}`,
});
const deleted = (name: string, time: number): DetectEvent =>
  event({
    ...{ ...key("admin"), time, operation: "DeleteAccessKey", service: "iam", verb_class: "admin" },
    resources: [`key:aws_cloudtrail:${name}`],
  });
const write: Partial<DetectEvent> = { operation: "PutObject", verb_class: "write" };

/** Uses of three keys that are deleted: within the seconds that this needs, after them, refused, around midnight, and none. */
const ten = day + 10 * HOUR_MS;
const midnight = day + DAY_MS;
const story = byTime([
  ...Array.from({ length: 40 }, (_, i) => event({ time: ten - 20 * MINUTE_MS + i * MINUTE_MS, ...key("admin") })),
  ...[-50, -5, 3, 60, 400].map((s) => event({ time: ten + s * 1000, ...key("leaver") })),
  event({ time: ten + 5_000, ...key("leaver"), ...write }),
  event({ time: ten + 6 * MINUTE_MS, ...key("leaver"), outcome: "denied", error_code: "InvalidClientTokenId" }),
  deleted("leaver", ten),
  ...[-3, -1, 2, 4].map((m) => event({ time: midnight + m * MINUTE_MS, ...key("owl") })),
  deleted("owl", midnight - 2 * MINUTE_MS),
  event({ time: ten + MINUTE_MS, ...key("calm") }),
  deleted("calm", ten + 2 * MINUTE_MS),
]);

/** disorder moves every event by less than the lateness, deterministically. */
function disorder(seed: number): DetectEvent[] {
  let state = seed;
  return story
    .map((e) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return { e, at: e.time + (state / 2 ** 32) * 14 * MINUTE_MS };
    })
    .sort((a, b) => a.at - b.at)
    .map(({ e }) => e);
}
const useFirst = [...story.filter((e) => e.resources.length === 0), ...story.filter((e) => e.resources.length > 0)];

const told = (found: Iterable<Finding>): string[] =>
  [...found]
    .filter((f) => f.detection === "key_used_after_revocation")
    .map((f) => `${f.uid} ${f.subject_uid} ${f.dimension} ${f.event_count}${f.late ? " late" : ""}`)
    .sort();

async function start(found: Map<string, Finding>, over: Partial<DetectorParts> = {}) {
  for (const table of ["events", "findings", "profiles", "checkpoints"]) await store.command(`TRUNCATE TABLE ${table}`);
  const writer = await createWriter(store);
  const engine: Engine = over.engine ?? engineFor();
  const begin = (engine: Engine) =>
    createDetector({
      ...{ store, engine, now: () => day + 20 * DAY_MS, latenessOf: () => 15 * MINUTE_MS, pageRows: 3 },
      onFindings: async (findings) => {
        for (const f of findings) found.set(f.uid, f);
      },
      ...over,
    });
  const stored = async (events: readonly DetectEvent[]) => {
    const added = await writer.add(events.map(row));
    await writer.flush();
    return added.events;
  };
  return { engine, stored, begin, detector: await begin(engine) };
}

async function live(events: readonly DetectEvent[], batch: number, restartAt = -1): Promise<string[]> {
  const found = new Map<string, Finding>();
  const { stored, begin, ...process } = await start(found);
  let { detector } = process;
  for (let i = 0; i < events.length; i += batch) {
    const taken = await stored(events.slice(i, i + batch));
    await detector.accept(taken);
    if (i !== restartAt) continue;
    await detector.save(taken.at(-1)!.seq);
    detector = await begin(engineFor());
  }
  await detector.tick(() => "ended");
  return told(found.values());
}

const wanted = told(closed(engineFor(), story));

test("a closed input tells every use after the deletion, by what became of it", () => {
  expect(wanted.map((line) => line.split(" ").slice(1).join(" ")).sort()).toEqual([
    "aws_cloudtrail:leaver propagating read 1",
    "aws_cloudtrail:leaver propagating write 1",
    "aws_cloudtrail:leaver refused 1",
    "aws_cloudtrail:leaver success 2",
    "aws_cloudtrail:owl success 1",
    "aws_cloudtrail:owl success 2",
  ]);
});

describe("live, the same findings are told", () => {
  test.each([1, 100, 10_000])(
    "in batches of %i, whatever the order within lateness",
    async (batch) => {
      for (const seed of [1, 2, 3]) expect(await live(disorder(seed), batch), `seed ${seed}`).toEqual(wanted);
    },
    60_000,
  );

  test("where every use comes before every deletion", async () => {
    const plain = (lines: string[]) => lines.map((line) => line.replace(" late", ""));
    expect(plain(await live(useFirst, 5))).toEqual(wanted);
  });

  test("over a restart between the two", async () => {
    const events = disorder(1);
    const at = events.findIndex((e) => e.resources.length > 0) - 1;
    expect(await live(events, 1, at)).toEqual(wanted);
  });
});

test("the store is asked only where the key may have calls behind the moment, and came out of order", () => {
  const asked = (uses: number[], sorted: boolean) => {
    const engine = engineFor();
    const other = event({ time: ten + 5 * MINUTE_MS });
    const now = ten + DAY_MS;
    engine.process([...uses.map((s) => event({ time: ten + s * 1000, ...key("leaver") })), other], { sorted, now });
    engine.process([deleted("leaver", sorted ? ten + HOUR_MS : ten)], { sorted, now });
    return engine.belated();
  };
  const leaver = { keys: ["aws_cloudtrail:leaver"], from: ten };
  expect(asked([-60, 30], false)).toEqual(leaver);
  expect(asked([-60], false)).toBeNull();
  expect(asked([-60, 30], true)).toBeNull();
  // One that has no profile of its own may be another subject's.
  expect(asked([], false)).toEqual(leaver);
});

describe("over partitions", () => {
  const calls = story.filter((e) => e.key_uid === "aws_cloudtrail:leaver");
  const change = { keys: ["aws_cloudtrail:leaver"], time: ten, enabled: false };

  test.each([
    ["the one that has the key tells of its calls", true, 4],
    ["another one, which shares the store, tells nothing", false, 0],
  ])("%s", async (_, owns, n) => {
    const found = new Map<string, Finding>();
    const { engine, stored, detector } = await start(found, { owns: () => owns });
    await detector.accept(await stored(calls));
    expect(told(found.values())).toEqual([]);
    engine.revoke(change);
    await detector.accept([]);
    expect(told(found.values())).toHaveLength(n);
  });

  test("a store that refuses is asked again, and no checkpoint passes what it owes", async () => {
    const found = new Map<string, Finding>();
    const { engine, stored, detector } = await start(found);
    const batch = await stored(calls);
    await detector.accept(batch);
    engine.revoke(change);
    const ask = store.ask.bind(store);
    store.ask = () => Promise.reject(new Error("the store is gone for a moment"));
    await expect(detector.accept([])).rejects.toThrow("gone for a moment");
    await expect(detector.save(batch.at(-1)!.seq)).rejects.toThrow("gone for a moment");
    store.ask = ask;
    await detector.save(batch.at(-1)!.seq);
    expect(told(found.values())).toHaveLength(4);
  });
});
