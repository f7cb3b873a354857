import { gammaln } from "simple-statistics";
import { stirlingRest } from "./beta.ts";

const MAX_STEPS = 20_000;
const EPSILON = 1e-16;

/**
 * poissonTail gives P(X >= x) for X ~ Poisson(lambda), the regularised lower incomplete gamma P(x, lambda)
 * (Abramowitz and Stegun 6.5.29 and 6.5.31), in log space. x is a count; a fraction is rounded up.
 */
export function poissonTail(x: number, lambda: number): number {
  if (Number.isNaN(x + lambda)) return Number.NaN;
  const count = Math.ceil(x);
  if (count <= 0) return 1;
  if (lambda <= 0 || count === Number.POSITIVE_INFINITY) return 0;
  const lnTerm = lnPower(count, lambda);
  if (lambda < count + 1) return Math.min(1, Math.exp(lnTerm + Math.log(series(count, lambda))));
  return Math.max(0, 1 - Math.exp(lnTerm + Math.log((count / lambda) * upperSum(count, lambda))));
}

/** lnPower gives ln(lambda^x e^-lambda / x!); for large x by deviance (Loader 2000), where the plain form cancels. */
function lnPower(x: number, lambda: number): number {
  if (x < 10) return x * Math.log(lambda) - lambda - gammaln(x + 1);
  const excess = (lambda - x) / x;
  const deviance = x * (excess - Math.log1p(excess));
  return -deviance - stirlingRest(x) - 0.5 * Math.log(2 * Math.PI * x);
}

/** series gives sum over j >= 0 of lambda^j / ((x + 1) ... (x + j)). */
function series(x: number, lambda: number): number {
  let term = 1;
  let sum = 1;
  for (let j = 1; j <= MAX_STEPS && term > sum * EPSILON; j++) {
    term *= lambda / (x + j);
    sum += term;
  }
  return sum;
}

/** upperSum gives sum over j = 0.. of (x - 1) ... (x - j) / lambda^j, which ends at x - 1. */
function upperSum(x: number, lambda: number): number {
  let term = 1;
  let sum = 1;
  for (let j = 1; j < x && j <= MAX_STEPS && term > sum * EPSILON; j++) {
    term *= (x - j) / lambda;
    sum += term;
  }
  return sum;
}
