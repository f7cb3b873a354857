import { expect, test } from "vitest";
import { createPast } from "../../cli/roles/past.ts";
import type { Finding } from "../../schemas/finding.ts";

const finding = (uid: string, first_seen: number, version = 1) => ({ uid, first_seen, version }) as Finding;

test("findings of the past come once no more of them came for the time of settling, in the order of their events", () => {
  let now = 0;
  const past = createPast(() => now, 20_000);
  expect([past.from, past.due()]).toEqual([null, false]);
  past.add(finding("b", 300), 7);
  past.add(finding("a", 100), 8);
  now = 19_999;
  past.add(finding("c", 200), 9);
  expect(past.from).toBe(7);
  now = 39_998;
  expect(past.due()).toBe(false);
  now = 39_999;
  expect(past.due()).toBe(true);
  expect(past.take().map((f) => f.uid)).toEqual(["a", "c", "b"]);
  expect([past.from, past.due()]).toEqual([null, false]);
});

test("the newest version of a finding counts, in whatever order they come", () => {
  const past = createPast(() => 0, 0);
  past.add(finding("a", 100, 2), 1);
  past.add(finding("a", 100, 1), 2);
  past.add(finding("a", 100, 3), 3);
  expect(past.take().map((f) => f.version)).toEqual([3]);
});
