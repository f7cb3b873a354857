import { regularisedBeta } from "./beta.ts";
import { poissonTail } from "./poisson.ts";

/**
 * negativeBinomialTail gives P(X >= x) = I_{mu/(k + mu)}(x, k) with k = 1/phi, where E X = mu and
 * Var X = mu + phi mu^2 (Robinson and Smyth 2007). x is a count; a fraction is rounded up. phi -> 0 is Poisson.
 */
export function negativeBinomialTail(x: number, mu: number, phi: number): number {
  if (Number.isNaN(x + mu + phi)) return Number.NaN;
  const count = Math.ceil(x);
  if (count <= 0) return 1;
  if (mu <= 0 || count === Number.POSITIVE_INFINITY) return 0;
  // Below this the two laws differ by less than the seventh digit, and the fraction would need sqrt(1/phi) steps.
  const spread = Math.max(count, mu);
  if (phi * spread * spread < 1e-8) return poissonTail(count, mu);
  const k = 1 / phi;
  return regularisedBeta(count, k, mu / (k + mu), k / (k + mu));
}
