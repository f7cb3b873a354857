import { expect, test } from "vitest";
import { createLane, type Lane, type Message } from "../../../ingest/kafka/lane.ts";
import { until } from "../../support.ts";

const message = (offset: number): Message => ({ offset, key: null, value: null, headers: {}, timestamp: 0 });
const messages = (from: number, to: number): Message[] =>
  Array.from({ length: to - from }, (_, i) => message(from + i));

/** A lane that begins at an offset, with what it worked on. */
async function laneAt(from: number): Promise<{ lane: Lane; done: number[] }> {
  const done: number[] = [];
  const lane = createLane({
    ...{ topic: "t", partition: 0, maxQueued: () => 1e6 },
    ...{ pause: () => undefined, resume: () => undefined, seek: () => undefined },
    open: async () => ({
      from,
      async take(batch) {
        done.push(...batch.map((m) => m.offset));
      },
      idle: async () => undefined,
      stillMine: async () => true,
      end: async () => undefined,
    }),
    start: async () => from,
    onTrouble: () => undefined,
  });
  void lane.run(Promise.resolve());
  await until("the lane to open", () => lane.isOpen());
  return { lane, done };
}

test("markers behind what was done are passed, and the group may be told so", async () => {
  const { lane, done } = await laneAt(5);
  lane.push(messages(5, 8), 8, 10);
  await until("the work", () => done.length === 3);
  expect(lane.settled(8)).toBe(8);
  lane.skip(8, 10, 10);
  expect(lane.settled(8)).toBe(10);
  await lane.drain();
});

test("a batch that was fetched before the lane went back does not make it pass over what comes", async () => {
  const { lane, done } = await laneAt(5);
  lane.skip(20, 30, 30);
  lane.push(messages(5, 30), 30, 30);
  await until("the work", () => done.at(-1) === 29);
  expect(done).toEqual(messages(5, 30).map((m) => m.offset));
  await lane.drain();
});
