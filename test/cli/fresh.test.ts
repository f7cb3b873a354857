import { expect, test } from "vitest";
import { fresh } from "../../cli/web/fresh.ts";

/** An asker of which each answer takes so long by a clock that the test holds. */
function asker(tookMs: number) {
  let now = 0;
  let asked = 0;
  const get = fresh(
    () => now,
    { ms: 100, staleMs: 1_000 },
    async () => {
      const n = ++asked;
      now += tookMs;
      return n;
    },
  );
  return {
    get,
    asked: () => asked,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test("who asks soon after another gets the same answer, asked for once", async () => {
  const { get, asked, pass } = asker(1);
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  pass(50);
  expect([await get(), asked()]).toEqual([1, 1]);
});

test("a quick answer is never old", async () => {
  const { get, pass } = asker(1);
  await get();
  pass(200);
  expect(await get()).toBe(2);
});

test("a slow one is given while the next is reckoned, and not beyond its bound", async () => {
  const { get, pass } = asker(600);
  await get();
  pass(200);
  expect(await get()).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await get()).toBe(2);
  pass(5_000);
  expect(await get()).toBe(3);
});

test("a failure is not kept", async () => {
  let n = 0;
  const get = fresh(
    () => 0,
    { ms: 100 },
    async () => {
      if (++n === 1) throw new Error("no");
      return n;
    },
  );
  await expect(get()).rejects.toThrow("no");
  expect(await get()).toBe(2);
});
