import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lnBeta, regularisedBeta } from "../../../detect/stats/beta.ts";
import { betaBinomialTail } from "../../../detect/stats/beta_binomial.ts";
import { combineAllP, combineP } from "../../../detect/stats/cauchy.ts";
import { haversine } from "../../../detect/stats/haversine.ts";
import { negativeBinomialTail } from "../../../detect/stats/negative_binomial.ts";
import { poissonTail } from "../../../detect/stats/poisson.ts";
import { wilson } from "../../../detect/stats/wilson.ts";

/** closeTo6 asks for 6 significant digits. */
function closeTo6(actual: number, golden: number): void {
  expect(Math.abs(actual - golden), `${actual} instead of ${golden}`).toBeLessThanOrEqual(Math.abs(golden) * 5e-7);
}

const count = fc.integer({ min: 0, max: 5_000 });
const mean = fc.double({ min: 1e-3, max: 5_000, noNaN: true });
const dispersion = fc.double({ min: 1e-3, max: 10, noNaN: true });
const share = fc.double({ min: 1e-4, max: 0.9999, noNaN: true });
const correlation = fc.double({ min: 0.005, max: 0.5, noNaN: true });

describe("golden numbers", () => {
  test.each([
    [5, 0.2, 20, 7.719398e-4],
    [5, 0.2, 40, 8.525717e-9],
    [0.05, 1, 20, 3.594298e-27],
    [3, 3.3, 60, 2.902362e-4],
    [50, 1, 700, 9.547282e-7],
    [20, 0.02, 60, 6.545024e-9],
  ])("negative binomial, mean %d dispersion %d, at least %d", (mu, phi, x, golden) => {
    closeTo6(negativeBinomialTail(x, mu, phi), golden);
  });

  test.each([
    [0.5, 6, 1.416494e-5],
    [5, 20, 3.452136e-7],
    [50, 90, 2.293183e-7],
  ])("Poisson, mean %d, at least %d", (lambda, x, golden) => {
    closeTo6(poissonTail(x, lambda), golden);
  });

  test.each([
    [10, 6, 0.02, 0.02, 4.94544e-6],
    // Exact in rational arithmetic; a value got as 1 - cdf in double precision (3.809185e-10) has only four digits.
    [30, 18, 0.02, 0.02, 3.808893e-10],
    [100, 20, 0.02, 0.02, 1.863206e-4],
    [50, 10, 0.05, 0.05, 3.199275e-2],
  ])("beta-binomial, of %d at least %d, mean %d correlation %d", (n, k, p0, rho, golden) => {
    closeTo6(betaBinomialTail(k, n, p0, rho), golden);
  });

  test.each([
    [10, 6, 3.29, 0.191019, 0.905024],
    [3, 3, 3.29, 0.217012, 1],
    [100, 20, 1.96, 0.133366, 0.288831],
    [30, 0, 1.96, 0, 0.113517],
  ])("Wilson, of %d calls %d at z %d", (n, k, z, low, high) => {
    const [actualLow, actualHigh] = wilson(k, n, z);
    expect(actualLow).toBeCloseTo(low, 6);
    expect(actualHigh).toBeCloseTo(high, 6);
  });

  test.each([
    [[0.02, 4e-4, 0.2, 0.1, 0.8], 1.953404e-3],
    [[0.02, 4e-4, 0.2, 0.1], 1.560095e-3],
    [[1e-6, 0.5, 0.5], 3e-6],
  ])("Cauchy without filter of %j", (ps, golden) => {
    closeTo6(combineAllP(ps), golden);
  });

  test.each([
    ["Berlin to Tokyo", [52.52, 13.405, 35.6762, 139.6503], 8915.539],
    ["Paris to London", [48.8566, 2.3522, 51.5074, -0.1278], 343.557],
  ] as const)("haversine %s", (_name, [lat1, lon1, lat2, lon2], km) => {
    expect(Math.abs(haversine(lat1, lon1, lat2, lon2) - km)).toBeLessThan(5.1e-4);
  });
});

describe("tails", () => {
  test("of a negative binomial are in [0, 1] and fall with the count", () => {
    fc.assert(
      fc.property(count, mean, dispersion, (x, mu, phi) => {
        const here = negativeBinomialTail(x, mu, phi);
        expect(here >= 0 && here <= 1).toBe(true);
        expect(negativeBinomialTail(x + 1, mu, phi)).toBeLessThanOrEqual(here * (1 + 1e-9) + 1e-12);
      }),
    );
  });

  test("of a Poisson are in [0, 1] and fall with the count", () => {
    fc.assert(
      fc.property(count, mean, (x, lambda) => {
        const here = poissonTail(x, lambda);
        expect(here >= 0 && here <= 1).toBe(true);
        expect(poissonTail(x + 1, lambda)).toBeLessThanOrEqual(here * (1 + 1e-9) + 1e-12);
      }),
    );
  });

  test("of a beta-binomial are in [0, 1], fall with k, and a further denied call never raises them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), share, correlation, (n, any, p0, rho) => {
        const k = any % (n + 1);
        const here = betaBinomialTail(k, n, p0, rho);
        const slack = here * (1 + 1e-9) + 1e-12;
        expect(here >= 0 && here <= 1).toBe(true);
        expect(betaBinomialTail(k + 1, n, p0, rho)).toBeLessThanOrEqual(slack);
        expect(betaBinomialTail(k + 1, n + 1, p0, rho)).toBeLessThanOrEqual(slack);
      }),
    );
  });

  test("equal the sum of their terms, added the long way", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(200), share, correlation, (n, any, p0, rho) => {
        const k = any % (n + 1);
        const a = (p0 * (1 - rho)) / rho;
        const b = ((1 - p0) * (1 - rho)) / rho;
        let sum = 0;
        for (let i = n; i >= k; i--) {
          sum += Math.exp(lnBeta(i + a, n - i + b) - lnBeta(a, b) - lnBeta(i + 1, n - i + 1) - Math.log(n + 1));
        }
        expect(Math.abs(betaBinomialTail(k, n, p0, rho) - sum)).toBeLessThan(sum * 1e-7 + 1e-300);
      }),
    );
    let term = Math.exp(-40);
    let below = 0;
    for (let i = 0; i < 35; i++) {
      below += term;
      term *= 40 / (i + 1);
    }
    closeTo6(poissonTail(35, 40), 1 - below);
  });

  test("keep their digits far out: I_x(a, 1) = x^a, I_x(1, b) = 1 - (1 - x)^b", () => {
    for (const a of [3, 30, 150, 290]) closeTo6(regularisedBeta(a, 1, 0.1), 10 ** -a);
    closeTo6(regularisedBeta(1, 40, 1e-9), -Math.expm1(40 * Math.log1p(-1e-9)));
    closeTo6(negativeBinomialTail(600, 1, 1), 2 ** -600);
  });

  test("are continuous where one law hands over to the other", () => {
    closeTo6(negativeBinomialTail(20, 5, 2.4e-11), negativeBinomialTail(20, 5, 2.6e-11));
    const summed = betaBinomialTail(9_000, 100_000, 0.02, 0.02);
    const limit = betaBinomialTail(9_001, 100_010, 0.02, 0.02);
    expect(Math.abs(limit / summed - 1)).toBeLessThan(1e-3);
  });

  test("stay quick and finite for counts of a million and more", () => {
    const began = performance.now();
    for (const x of [1e6, 1e7, 1e9]) {
      for (const p of [
        negativeBinomialTail(x, x * 0.9, 0.02),
        negativeBinomialTail(x, x, 1e-3),
        poissonTail(x, x - 3 * Math.sqrt(x)),
        betaBinomialTail(x / 10, x, 0.02, 0.02),
      ]) {
        expect(p >= 0 && p <= 1).toBe(true);
      }
    }
    expect(betaBinomialTail(50_000, 100_000, 0.02, 0.02)).toBeLessThan(1e-12);
    expect(performance.now() - began).toBeLessThan(500);
  });

  test("have plain answers at the edges", () => {
    expect(negativeBinomialTail(0, 5, 1)).toBe(1);
    expect(negativeBinomialTail(1, 0, 1)).toBe(0);
    expect(negativeBinomialTail(3, 2, 0)).toBe(poissonTail(3, 2));
    expect(poissonTail(1, 0)).toBe(0);
    expect(poissonTail(1.5, 3)).toBe(poissonTail(2, 3));
    expect(betaBinomialTail(0, 10, 0.1, 0.1)).toBe(1);
    expect(betaBinomialTail(11, 10, 0.1, 0.1)).toBe(0);
    expect(negativeBinomialTail(Number.NaN, 1, 1)).toBeNaN();
  });
});

describe("Wilson", () => {
  test("brackets the share, inside [0, 1], and rises with k", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.nat(),
        fc.double({ min: 0.1, max: 6, noNaN: true }),
        (n, any, z) => {
          const k = any % (n + 1);
          const [low, high] = wilson(k, n, z);
          expect(low >= 0 && low <= k / n && k / n <= high && high <= 1).toBe(true);
          if (k < n) expect(wilson(k + 1, n, z)[0]).toBeGreaterThan(low - 1e-12);
        },
      ),
    );
  });

  test("without observations knows nothing", () => {
    expect(wilson(0, 0, 3.29)).toEqual([0, 1]);
  });
});

describe("Cauchy combination", () => {
  test("a calm test does not erase an alarm", () => {
    closeTo6(combineP([1e-6, 1]), 1e-6);
    closeTo6(combineP([1e-6, 0.999999]), 1e-6);
    closeTo6(combineP([0]), 1e-15);
    expect(combineP([])).toBe(1);
    expect(combineP([0.9, Number.NaN])).toBe(1);
    closeTo6(combineP([1e-6, 1e-3], [1, 0]), 1e-6);
  });

  test("is in [0, 1], does not care for order, and a smaller p never makes it calmer", () => {
    const ps = fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(ps, fc.nat(), (values, any) => {
        const here = combineP(values);
        expect(here >= 0 && here <= 1).toBe(true);
        expect(combineP([...values].reverse())).toBeCloseTo(here, 12);
        const lower = [...values];
        lower[any % values.length]! /= 2;
        expect(combineP(lower)).toBeLessThanOrEqual(here * (1 + 1e-9));
      }),
    );
  });
});

describe("haversine", () => {
  test("is symmetric, zero at home and never more than half way round", () => {
    const latitude = fc.double({ min: -90, max: 90, noNaN: true });
    const longitude = fc.double({ min: -180, max: 180, noNaN: true });
    fc.assert(
      fc.property(latitude, longitude, latitude, longitude, (lat1, lon1, lat2, lon2) => {
        const km = haversine(lat1, lon1, lat2, lon2);
        expect(km).toBeCloseTo(haversine(lat2, lon2, lat1, lon1), 6);
        expect(km >= 0 && km <= 20_016).toBe(true);
        expect(haversine(lat1, lon1, lat1, lon1)).toBe(0);
      }),
    );
  });
});
