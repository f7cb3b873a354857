import { expect, test } from "vitest";
import { nextAttempt, RETRY_FOR_MS, retryAfterMs, retryDelay } from "../../alert/retry.ts";

test("the interval doubles to 15 min and the draw is over all of it", () => {
  expect([1, 2, 3, 10, 11, 99].map((n) => retryDelay(n, 0.999999, null))).toEqual([
    2500, 4500, 8500, 900_500, 900_500, 900_500,
  ]);
  expect(retryDelay(5, 0, null)).toBe(500);
});

test("never earlier than Retry-After asks", () => {
  for (const random of [0, 0.5, 0.999]) expect(retryDelay(1, random, 60_000)).toBeGreaterThanOrEqual(60_000);
});

test("tries end a day after the first, the last one at the end of the day", () => {
  expect(nextAttempt(1_000, 0, 5_000)).toBe(6_000);
  expect(nextAttempt(RETRY_FOR_MS - 1, 0, 5_000)).toBe(RETRY_FOR_MS);
  expect(nextAttempt(RETRY_FOR_MS, 0, 5_000)).toBeNull();
});

test.each<[string | undefined, number | null]>([
  ["120", 120_000],
  ["0", 0],
  ["-5", 0],
  ["Sun, 01 Mar 2026 00:00:30 GMT", 30_000],
  ["Sat, 28 Feb 2026 00:00:00 GMT", 0],
  ["999999999", RETRY_FOR_MS],
  ["soon", null],
  ["", null],
  [undefined, null],
])("Retry-After %s is %s ms", (header, ms) => expect(retryAfterMs(header, Date.UTC(2026, 2, 1))).toBe(ms));
