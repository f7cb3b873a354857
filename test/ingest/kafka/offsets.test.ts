import { expect, test } from "vitest";
import { type Gap, resume, resumeAt, type Standing } from "../../../ingest/kafka/offsets.ts";

const at = (low: number, high: number, said: number | null): Standing => ({ low, high, said });
const removed = (lostAtMost: number): Gap => ({ kind: "removed", lostAtMost });

test.each([
  ["nothing was read of a topic that holds all it got", 0, at(0, 7, null), 0, null],
  ["some was read", 5, at(0, 7, 5), 5, null],
  ["all was read", 7, at(0, 7, 7), 7, null],
  ["what was read has been removed since", 5, at(5, 7, null), 5, null],
  ["the group did not hear of the last checkpoint", 5, at(0, 7, 4), 5, null],
  ["only markers of transactions went unread", 5, at(6, 6, 6), 6, null],
  ["messages were removed before anything was read", 0, at(3, 7, null), 3, removed(3)],
  ["messages were removed behind what was read", 5, at(9, 9, 6), 9, removed(3)],
  ["the topic ends before what was read", 5, at(0, 4, 5), 0, { kind: "ends_before" }],
  ["the topic is empty, and was not", 5, at(0, 0, null), 0, { kind: "ends_before" }],
  ["the topic has more than was read, of which nobody knows", 5, at(2, 7, null), 2, { kind: "forgotten" }],
] as const)("%s", (_, next, standing, from, gap) => {
  expect(resume(next, standing)).toEqual({ from, gap });
});

test("a group that never said anything begins with the oldest message, without a word", async () => {
  expect(await resumeAt(null, async () => at(3, 7, null))).toEqual({ from: 3, gap: null });
  expect(await resumeAt(null, async () => at(3, 7, 4))).toEqual({ from: 4, gap: null });
});

test("an end that is too early is believed when it is told twice", async () => {
  const asked = [at(0, 4, 5), at(0, 7, 5)];
  expect(await resumeAt(5, async () => asked.shift()!)).toEqual({ from: 5, gap: null });
});
