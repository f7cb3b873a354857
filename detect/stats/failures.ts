import { betaBinomialTail } from "./beta_binomial.ts";
import { negativeBinomialTail } from "./negative_binomial.ts";
import { wilson } from "./wilson.ts";

/** The share test and the count test both fire below this probability. */
const FIRE_P = 1e-5;
const MIN_CALLS = 10;
const Z = 3.29;
const MIN_BOUND = 0.1;
const RHO_MIN = 0.02;
/** More than this would mute 29 denied of 29. */
const RHO_MAX = 0.1;

/**
 * FailureHistory sums the sealed windows of 15 min in which the key was active; n calls and k authn or authz denials
 * each. Five numbers are all that p0 and rho need, so no window is kept.
 */
export interface FailureHistory {
  windows: number;
  n: number;
  k: number;
  /** Sum of n_i^2. */
  nn: number;
  /** Sum of k_i^2 / n_i. */
  kkn: number;
}

export interface FailureVerdict {
  fires: boolean;
  /** P(K >= k) under the key's own past. */
  p: number;
  wilsonLow: number;
  /** What wilsonLow has to exceed. */
  bound: number;
  p0: number;
  rho: number;
}

/**
 * failureVerdict asks whether k denied of n calls in one window is more than the key's own denied share explains.
 * Beta-binomial, prior Beta(1, 49); it fires at p < 1e-5 and n >= 10 and a Wilson lower bound (z = 3.29) above
 * max(min(5 p0, (1 + p0)/2), 0.10): unlikely, enough calls, and a share that matters. `history` is sealed days only.
 */
export function failureVerdict(input: { n: number; k: number; history: FailureHistory | null }): FailureVerdict {
  const { n, k, history } = input;
  const p0 = ((history?.k ?? 0) + 1) / ((history?.n ?? 0) + 50);
  const rho = history ? overdispersion(history) : RHO_MIN;
  const p = betaBinomialTail(k, n, p0, rho);
  const [wilsonLow] = wilson(k, n, Z);
  const bound = Math.max(Math.min(5 * p0, (1 + p0) / 2), MIN_BOUND);
  return { fires: p < FIRE_P && n >= MIN_CALLS && wilsonLow > bound, p, wilsonLow, bound, p0, rho };
}

export const noFailureHistory: FailureHistory = { windows: 0, n: 0, k: 0, nn: 0, kkn: 0 };

/** addFailureWindow adds a sealed window to the sums; order does not matter. A window without calls says nothing. */
export function addFailureWindow(history: FailureHistory, n: number, k: number): FailureHistory {
  if (n <= 0) return history;
  return {
    windows: history.windows + 1,
    n: history.n + n,
    k: history.k + k,
    nn: history.nn + n * n,
    kkn: history.kkn + (k * k) / n,
  };
}

/**
 * overdispersion gives rho by moments (analysis of variance estimator, Ridout, Demetrio and Firth 1999), clipped to
 * 0.02..0.1: E sum (k_i - n_i p)^2/n_i = p q [(m - 1) + rho (N - m - sum n_i^2/N + 1)] over m windows.
 */
export function overdispersion(history: FailureHistory): number {
  const { windows, n, k, nn, kkn } = history;
  const share = k / n;
  const room = n - windows - nn / n + 1;
  if (windows < 2 || !(share > 0 && share < 1) || room <= 0) return RHO_MIN;
  const spread = (kkn - k * share) / (share * (1 - share));
  return Math.min(RHO_MAX, Math.max(RHO_MIN, (spread - (windows - 1)) / room));
}

/** The prior of denied calls a window: 10 windows of mean 0.5 and dispersion 5, under which 25 is the first below 1e-5. */
const PRIOR_WINDOWS = 10;
const PRIOR_MEAN = 0.5;
const PRIOR_SQUARE = PRIOR_MEAN + 6 * PRIOR_MEAN * PRIOR_MEAN;
const PHI_MIN = 0.02;

export interface DenialCountVerdict {
  fires: boolean;
  /** P(X >= k). */
  p: number;
  /** Denied calls expected in an active window. */
  mu: number;
  phi: number;
}

/**
 * denialCountVerdict judges the number of denied calls alone, so that a finding may be sent at once: further calls,
 * denied or not, never take it back. Negative binomial by moments over the key's sealed active windows (windowsSealed,
 * sum and sum of squares of denied calls), with a prior that asks 25 of a key without history and, as quiet windows
 * are sealed, ever fewer down to 10.
 */
export function denialCountVerdict(input: {
  k: number;
  windowsSealed: number;
  deniedSealed: number;
  deniedSquaresSealed: number;
}): DenialCountVerdict {
  const windows = input.windowsSealed + PRIOR_WINDOWS;
  const mu = (input.deniedSealed + PRIOR_WINDOWS * PRIOR_MEAN) / windows;
  const square = (input.deniedSquaresSealed + PRIOR_WINDOWS * PRIOR_SQUARE) / windows;
  const phi = Math.max(PHI_MIN, (square - mu * mu - mu) / (mu * mu));
  const p = negativeBinomialTail(input.k, mu, phi);
  return { fires: p < FIRE_P && input.k >= MIN_CALLS, p, mu, phi };
}
