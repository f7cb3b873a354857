import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addFailureWindow,
  denialCountVerdict,
  type FailureHistory,
  failureVerdict,
  noFailureHistory,
  overdispersion,
} from "../../../detect/stats/failures.ts";

type Window = [n: number, k: number];

function historyOf(windows: readonly Window[]): FailureHistory {
  return windows.reduce((sum, [n, k]) => addFailureWindow(sum, n, k), noFailureHistory);
}

const windowOf = fc.integer({ min: 1, max: 400 }).chain((n) => fc.tuple(fc.constant(n), fc.nat(n)));
const histories = fc.array(windowOf, { maxLength: 60 }).map((w) => historyOf(w as Window[]));

describe("denied share", () => {
  test.each<[string, Window, Window[], boolean]>([
    ["29 of 29 on a new key", [29, 29], [], true],
    ["12 of 12 on a new key", [12, 12], [], true],
    ["10 of 10 on a new key", [10, 10], [], true],
    ["2 of 3 on a new key", [3, 2], [], false],
    ["9 of 9: too few calls", [9, 9], [], false],
    ["1 of 20 on a new key", [20, 1], [], false],
    ["15 of 15 after a clean month", [15, 15], Array(500).fill([20, 0]), true],
    ["90 of 100 on a key that is denied 90 % of its calls", [100, 90], Array(200).fill([50, 45]), false],
    ["30 of 1000 after a clean month: unlikely, but a share of no matter", [1000, 30], Array(500).fill([20, 0]), false],
    ["29 of 29 on a key with bursts", [29, 29], [...Array(200).fill([20, 0]), [20, 15], [30, 9]], true],
  ])("%s", (_name, [n, k], windows, fires) => {
    expect(failureVerdict({ n, k, history: historyOf(windows) }).fires).toBe(fires);
  });

  test("without history the prior is one denied of fifty", () => {
    expect(failureVerdict({ n: 29, k: 29, history: null })).toMatchObject({ p0: 0.02, rho: 0.02, bound: 0.1 });
  });

  test("a further denied call never makes a window calmer", () => {
    fc.assert(
      fc.property(windowOf, histories, ([n, any], history) => {
        const k = Math.min(any!, n! - 1);
        const here = failureVerdict({ n: n!, k, history });
        for (const worse of [
          { n: n!, k: k + 1 },
          { n: n! + 1, k: k + 1 },
        ]) {
          const there = failureVerdict({ ...worse, history });
          expect(there.p).toBeLessThanOrEqual(here.p * (1 + 1e-9) + 1e-12);
          expect(there.wilsonLow).toBeGreaterThan(here.wilsonLow - 1e-12);
          if (here.fires) expect(there.fires).toBe(true);
        }
      }),
    );
  });

  test("a further answered call never makes it worse", () => {
    fc.assert(
      fc.property(windowOf, histories, ([n, k], history) => {
        const here = failureVerdict({ n: n!, k: k!, history });
        expect(failureVerdict({ n: n! + 1, k: k!, history }).p).toBeGreaterThanOrEqual(here.p * (1 - 1e-9) - 1e-12);
      }),
    );
  });

  test("order of windows does not matter, and rho stays in 0.02 to 0.1", () => {
    fc.assert(
      fc.property(fc.array(windowOf, { maxLength: 40 }), (windows) => {
        const there = overdispersion(historyOf(windows as Window[]));
        expect(there >= 0.02 && there <= 0.1).toBe(true);
        expect(overdispersion(historyOf([...windows].reverse() as Window[]))).toBeCloseTo(there, 9);
      }),
    );
  });

  test("rho tells steady keys from keys with bursts", () => {
    const steady = Array.from({ length: 200 }, (): Window => [100, 10]);
    const bursts = Array.from({ length: 200 }, (_, i): Window => [100, i % 10 === 0 ? 100 : 0]);
    expect(overdispersion(historyOf(steady))).toBe(0.02);
    expect(overdispersion(historyOf(bursts))).toBe(0.1);
    // Two shares, 4 % and 16 %: rho = 0.0036/0.09 = 0.04.
    const mixed = Array.from({ length: 400 }, (_, i): Window => [1000, i % 2 === 0 ? 40 : 160]);
    expect(overdispersion(historyOf(mixed))).toBeCloseTo(0.04, 2);
  });
});

describe("denied count", () => {
  const quiet = (windowsSealed: number) => ({ windowsSealed, deniedSealed: 0, deniedSquaresSealed: 0 });
  const threshold = (history: { windowsSealed: number; deniedSealed: number; deniedSquaresSealed: number }) => {
    for (let k = 1; ; k++) if (denialCountVerdict({ k, ...history }).fires) return k;
  };

  test("a key without history needs 25, quiet windows lower that, never below 10", () => {
    expect(threshold(quiet(0))).toBe(25);
    expect(threshold(quiet(1_000))).toBeLessThan(20);
    expect(threshold(quiet(1_000))).toBeGreaterThanOrEqual(10);
    expect(threshold(quiet(100_000))).toBe(10);
  });

  test("a key that is denied 30 times a window every time needs far more", () => {
    expect(threshold({ windowsSealed: 500, deniedSealed: 15_000, deniedSquaresSealed: 500 * 930 })).toBeGreaterThan(60);
  });

  test("once fired, more denied calls never take it back", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.array(fc.nat(40), { maxLength: 100 }), (k, past) => {
        const history = {
          windowsSealed: past.length,
          deniedSealed: past.reduce((sum, x) => sum + x, 0),
          deniedSquaresSealed: past.reduce((sum, x) => sum + x * x, 0),
        };
        const here = denialCountVerdict({ k, ...history });
        const there = denialCountVerdict({ k: k + 1, ...history });
        expect(here.p >= 0 && here.p <= 1).toBe(true);
        expect(there.p).toBeLessThanOrEqual(here.p * (1 + 1e-9) + 1e-12);
        if (here.fires) expect(there.fires).toBe(true);
      }),
    );
  });
});
