import { negativeBinomialTail } from "./negative_binomial.ts";

/** Pseudo-instances of the overall mean in every slot. */
const PRIOR_INSTANCES = 2;
const PHI_MIN = 0.02;
const PREDICTIVE_PHI_MIN = 1e-3;
const FINDING_P = 1e-6;
const RISK_P = 1e-5;
const CAP_P = 1e-3;

/** SlotHistory sums the sealed instances of one slot (hour of day x weekday class), zeros included. */
export interface SlotHistory {
  n: number;
  sum: number;
  sumSq: number;
}

export interface VolumeModel {
  /** Dispersion over all slots, before the predictive part. */
  phi: number;
  /** Calls expected in the slot. */
  mu(slot: number): number;
  /** P(X >= x) in the slot; phiFactor widens it (2 on the fast path). */
  tail(slot: number, x: number, phiFactor?: number): number;
  /** The 99.9 % predictive quantile: training values above it are cut down to it, so a burst does not teach itself. */
  cap(slot: number): number;
}

/**
 * volumeModel learns a seasonal negative binomial (dispersion by moments, Robinson and Smyth 2007) with predictive
 * variance: a slot that was seldom seen is wide. mu_s = (S_s + w mu)/(n_s + w), w = 2; V = (mu_s + phi mu_s^2)
 * (1 + 1/(n_s + w)). Tails are of the negative binomial with mean mu_s and variance V. Keeps the array it is given.
 */
export function volumeModel(slots: readonly SlotHistory[]): VolumeModel {
  let instances = 0;
  let total = 0;
  for (const slot of slots) {
    instances += slot.n;
    total += slot.sum;
  }
  const overall = (total + 0.5) / (instances + 1);
  const mu = (slot: number) => slotMean(slots[slot], overall);
  const phi = dispersion(slots, overall);
  const tail = (slot: number, x: number, phiFactor = 1) => {
    const mean = mu(slot);
    return negativeBinomialTail(x, mean, predictivePhi(mean, phi * phiFactor, slots[slot]?.n ?? 0));
  };
  return { phi, mu, tail, cap: (slot) => smallestBelow(CAP_P, mu(slot), (x) => tail(slot, x)) };
}

/** VolumePath sets what a path asks besides the probability: hour, day, and 5 min (wider, and larger counts only). */
export interface VolumePath {
  phiFactor: number;
  minCount: number;
  minRatio: number;
}
export const slowPath: VolumePath = { phiFactor: 1, minCount: 20, minRatio: 3 };
export const fastPath: VolumePath = { phiFactor: 2, minCount: 50, minRatio: 3 };

export interface VolumeVerdict {
  verdict: "finding" | "risk" | "normal";
  p: number;
  expected: number;
  observed: number;
}

/** volumeVerdict judges x calls in a slot: finding at p < 1e-6, risk at p < 1e-5, from 20 calls and 3 times the mean up. */
export function volumeVerdict(model: VolumeModel, slot: number, x: number, path: VolumePath = slowPath): VolumeVerdict {
  const expected = model.mu(slot);
  const p = model.tail(slot, x, path.phiFactor);
  const matters = x >= path.minCount && x >= path.minRatio * expected;
  const verdict = matters && p < FINDING_P ? "finding" : matters && p < RISK_P ? "risk" : "normal";
  return { verdict, p, expected, observed: x };
}

function slotMean(slot: SlotHistory | undefined, overall: number): number {
  return ((slot?.sum ?? 0) + PRIOR_INSTANCES * overall) / ((slot?.n ?? 0) + PRIOR_INSTANCES);
}

function dispersion(slots: readonly SlotHistory[], overall: number): number {
  let excess = 1;
  let squares = 1;
  for (const slot of slots) {
    if (slot.n < 2) continue;
    const mean = slotMean(slot, overall);
    const deviations = Math.max(0, slot.sumSq - 2 * mean * slot.sum + slot.n * mean * mean);
    excess += (deviations * slot.n) / (slot.n - 1) - slot.n * mean;
    squares += slot.n * mean * mean;
  }
  return Math.max(PHI_MIN, excess / squares);
}

function predictivePhi(mean: number, phi: number, n: number): number {
  const variance = (mean + phi * mean * mean) * (1 + 1 / (n + PRIOR_INSTANCES));
  return Math.max(PREDICTIVE_PHI_MIN, (variance - mean) / (mean * mean));
}

/** smallestBelow gives the largest count whose tail still holds p: doubling, then halving. */
function smallestBelow(p: number, mean: number, tail: (x: number) => number): number {
  let low = 0;
  let high = Math.ceil(mean) + 1;
  while (tail(high) >= p && high < Number.MAX_SAFE_INTEGER / 2) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (tail(middle) >= p) low = middle;
    else high = middle;
  }
  return low;
}
