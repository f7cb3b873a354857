import type { Digest } from "./digest.ts";

/** Two things that come together on a day less often than this are no chance. */
const MAX_JOINT_P = 1e-4;
/** Tails of volume are of the law that is assumed, not of the key: beyond this they are not believed where things meet. */
const LEAST_P: Readonly<Record<string, number>> = { call_volume_spike: 0.02 };
/** Stands for the probability of a weak finding that tells none. */
const UNKNOWN_P = 0.01;

/**
 * isCombination tells whether weak findings of different dimensions are together more than chance. Each tells how likely such a thing is on
 * a day of this key; of unrelated things the product is how likely they meet. A pool that brings a new address on one day
 * in thirty and a job that tries a new call on one in thirty meet every other year: over a thousand keys that is every day.
 */
export function isCombination(digests: readonly Digest[]): boolean {
  const strongest = new Map<string, number>();
  for (const d of digests) {
    if (d.severity !== "low") continue;
    const dimension = `${d.detection}\n${d.family}`;
    const p = Math.min(1, Math.max(LEAST_P[d.detection] ?? 0, d.p ?? UNKNOWN_P));
    strongest.set(dimension, Math.min(strongest.get(dimension) ?? 1, p));
  }
  if (strongest.size < 2) return false;
  return [...strongest.values()].sort((a, b) => a - b).reduce((product, p) => product * p, 1) <= MAX_JOINT_P;
}
