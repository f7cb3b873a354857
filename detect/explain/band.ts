import { createMemo } from "../memo.ts";
import type { Sealed } from "../profile.ts";
import { negativeBinomialTail } from "../stats/negative_binomial.ts";

/** Above this share of its own active quarter hours a count is not usual. */
const BAND_TAIL = 1e-3;
/** Windows that stand for a past not known yet. */
const PRIOR_WINDOWS = 4;
const MIN_PHI = 0.02;

/** Band is what a count of an active quarter of an hour usually is; nulls where there is no history or another thing is counted. */
export interface Band {
  expected: number | null;
  high: number | null;
}

const NO_BAND: Band = { expected: null, high: null };
const bands = createMemo<Sealed, Map<string, Band>>();

/** bandOf draws the band of calls or denied calls from the sums of the sealed quarter hours; reckoned once a sealed day. */
export function bandOf(parameter: string, sealed: Sealed): Band {
  const { calls, through } = sealed;
  const what = /^calls in 15 min/.test(parameter)
    ? "calls"
    : /^denied calls in 15 min/.test(parameter)
      ? "denied"
      : null;
  if (what === null || calls.windows === 0) return NO_BAND;
  const key = `${what} ${through} ${calls.n}`;
  const known = bands.get(sealed)?.get(key);
  if (known) return known;
  const [sum, squares] = what === "calls" ? [calls.n, calls.nn] : [calls.k, calls.deniedSquares];
  const band = bandFrom(sum, squares, calls.windows);
  bands.set(sealed, new Map([[key, band]]));
  return band;
}

function bandFrom(sum: number, squares: number, windows: number): Band {
  const mean = sum / windows;
  if (mean === 0) return { expected: 0, high: 0 };
  const own = (squares / windows - mean * mean - mean) / (mean * mean);
  const phi = Math.max(MIN_PHI, (own * windows + PRIOR_WINDOWS) / (windows + PRIOR_WINDOWS));
  let low = Math.floor(mean);
  let high = Math.max(8, 2 * low);
  while (negativeBinomialTail(high, mean, phi) >= BAND_TAIL) high *= 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (negativeBinomialTail(middle, mean, phi) < BAND_TAIL) high = middle;
    else low = middle;
  }
  return { expected: Math.round(mean * 10) / 10, high: high - 1 };
}
