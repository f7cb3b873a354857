import { MINUTE_MS } from "../../schemas/duration.ts";

/** Lags are counted in steps, four to a doubling from one minute up: a step is 19 % wide, and what is below a minute is step 0. */
const STEPS_OF_DOUBLING = 4;
/** Steps up to a day; what is older is history that is read in, not a late delivery. */
const STEPS = Math.ceil(STEPS_OF_DOUBLING * Math.log2(24 * 60)) + 1;

/** lagStep gives the step of a lag in ms; null for more than a day. */
export function lagStep(lag: number): number | null {
  if (lag <= MINUTE_MS) return 0;
  const step = Math.ceil(STEPS_OF_DOUBLING * Math.log2(lag / MINUTE_MS));
  return step < STEPS ? step : null;
}

/** lagOf is the upper end of a step, ms. */
export const lagOf = (step: number): number => Math.round(MINUTE_MS * 2 ** (step / STEPS_OF_DOUBLING));

export const newLags = (): number[] => new Array<number>(STEPS).fill(0);

export const totalOf = (lags: readonly number[]): number => lags.reduce((sum, n) => sum + n, 0);

/** quantileStep is the first step that a share of all counted lags do not exceed. */
export function quantileStep(lags: readonly number[], share: number): number {
  const need = share * totalOf(lags);
  let sum = 0;
  for (const [step, n] of lags.entries()) {
    sum += n;
    if (sum >= need) return step;
  }
  return lags.length - 1;
}
