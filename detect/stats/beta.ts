import { gammaln } from "simple-statistics";

const LN_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);
const STIRLING_FROM = 10;
const MAX_STEPS = 20_000;
const EPSILON = 1e-15;
const TINY = 1e-300;

/**
 * regularisedBeta gives I_x(a, b) = P(B <= x) for B ~ Beta(a, b); a, b > 0.
 * Continued fraction in log space (Abramowitz and Stegun 26.5.8, Lentz's method), so that values down to 1e-300 keep
 * their digits. Pass y = 1 - x where it is known better than by subtraction. At most 20,000 steps, about sqrt(a + b).
 */
export function regularisedBeta(a: number, b: number, x: number, y: number = 1 - x): number {
  if (Number.isNaN(a + b + x + y)) return Number.NaN;
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  // The fraction converges fast only left of the mean; right of it the complement is taken.
  if (x * (b + 1) > y * (a + 1)) return Math.max(0, 1 - Math.exp(lnLowerTail(b, a, y, x)));
  return Math.min(1, Math.exp(lnLowerTail(a, b, x, y)));
}

/** lnBeta gives ln B(a, b) for a, b > 0. Large arguments go through Stirling's differences: ln-gammas of 1e9 would cancel to noise. */
export function lnBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < STIRLING_FROM) return gammaln(small) + gammaln(large) - gammaln(small + large);
  const sum = small + large;
  const ratio = Math.log1p(-small / sum); // ln(large / sum)
  const correction = stirlingRest(large) - stirlingRest(sum);
  if (small < STIRLING_FROM) {
    return gammaln(small) + (large - 0.5) * ratio - small * Math.log(sum) + small + correction;
  }
  const smallRatio = Math.log(small / sum);
  const rest = stirlingRest(small) + correction;
  return LN_SQRT_2PI + (small - 0.5) * smallRatio + large * ratio - 0.5 * Math.log(large) + rest;
}

/** stirlingRest gives ln gamma(z) - [(z - 1/2) ln z - z + ln sqrt(2 pi)] for z >= 10, to 1e-15. */
export function stirlingRest(z: number): number {
  const w = 1 / (z * z);
  return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - (w * 691) / 360360))))) / z;
}

function lnLowerTail(a: number, b: number, x: number, y: number): number {
  const lnX = x < 0.5 ? Math.log(x) : Math.log1p(-y);
  const lnY = y < 0.5 ? Math.log(y) : Math.log1p(-x);
  return a * lnX + b * lnY - lnBeta(a, b) - Math.log(a) + Math.log(fraction(a, b, x));
}

function fraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m <= MAX_STEPS; m++) {
    const am = a + 2 * m;
    const even = (m * (b - m) * x) / ((am - 1) * am);
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / (am * (am + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return h;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
