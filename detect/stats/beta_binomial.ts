import { lnBeta, regularisedBeta } from "./beta.ts";

/** Largest n that is summed term by term (under 1 ms); beyond it K/n is taken as the Beta of the same mean and variance. */
const MAX_SUMMED = 100_000;

/**
 * betaBinomialTail gives P(K >= k) for K denied of n calls whose denied share is itself Beta-distributed with mean p0
 * and intra-class correlation rho: a = p0 (1 - rho)/rho, b = (1 - p0)(1 - rho)/rho (Williams 1975). 0 < p0, rho < 1.
 * The tail on the far side of the mean is summed, in log space, so that small values keep their digits.
 */
export function betaBinomialTail(k: number, n: number, p0: number, rho: number): number {
  if (Number.isNaN(k + n + p0 + rho)) return Number.NaN;
  const from = Math.ceil(k);
  if (from <= 0) return 1;
  if (from > n || p0 <= 0) return 0;
  if (p0 >= 1) return 1;
  const spread = n > MAX_SUMMED ? (1 + (n - 1) * rho) / n : rho;
  const a = (p0 * (1 - spread)) / spread;
  const b = ((1 - p0) * (1 - spread)) / spread;
  if (n > MAX_SUMMED) return regularisedBeta(b, a, (n - from + 0.5) / n, (from - 0.5) / n);
  if (from > n * p0) return Math.min(1, upperTail(from, n, a, b));
  return Math.max(0, 1 - lowerTail(from - 1, n, a, b));
}

function upperTail(from: number, n: number, a: number, b: number): number {
  let term = 1;
  let sum = 1;
  for (let i = from; i < n; i++) {
    const ratio = ((n - i) * (a + i)) / ((i + 1) * (b + n - i - 1));
    term *= ratio;
    sum += term;
    if (ratio < 1 && b >= 1 && term * (n - i) < sum * 1e-16) break;
  }
  return Math.exp(lnTerm(from, n, a, b) + Math.log(sum));
}

function lowerTail(to: number, n: number, a: number, b: number): number {
  let term = 1;
  let sum = 1;
  for (let i = to; i > 0; i--) {
    const ratio = (i * (b + n - i)) / ((n - i + 1) * (a + i - 1));
    term *= ratio;
    sum += term;
    if (ratio < 1 && a >= 1 && term * i < sum * 1e-16) break;
  }
  return Math.exp(lnTerm(to, n, a, b) + Math.log(sum));
}

/** lnTerm gives ln P(K = i); the binomial coefficient is 1 / ((n + 1) B(i + 1, n - i + 1)). */
function lnTerm(i: number, n: number, a: number, b: number): number {
  return lnBeta(i + a, n - i + b) - lnBeta(a, b) - lnBeta(i + 1, n - i + 1) - Math.log(n + 1);
}
