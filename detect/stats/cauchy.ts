const SMALLEST = 1e-15;
const CALM = 0.5;

/**
 * combineP joins the p-values of one subject and hour into one: Cauchy combination (Liu and Xie 2020), valid under
 * dependence. Only p <= 0.5 take part, clipped at 1e-15: a calm test must not erase an alarm. None of them: 1.
 */
export function combineP(ps: readonly number[], weights?: readonly number[]): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < ps.length; i++) {
    const p = ps[i]!;
    const weight = weights?.[i] ?? 1;
    if (!(p <= CALM) || !(weight > 0)) continue;
    sum += weight * cauchyScore(Math.max(p, SMALLEST));
    total += weight;
  }
  return total > 0 ? cauchyTail(sum / total) : 1;
}

/** combineAllP is the combination without the filter, as published; p in (0, 1). */
export function combineAllP(ps: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < ps.length; i++) sum += cauchyScore(ps[i]!);
  return ps.length > 0 ? cauchyTail(sum / ps.length) : 1;
}

/** cauchyScore gives tan(pi (1/2 - p)), as a cotangent: small p keep their digits. */
function cauchyScore(p: number): number {
  return 1 / Math.tan(Math.PI * p);
}

/** cauchyTail gives 1/2 - arctan(t)/pi. */
function cauchyTail(t: number): number {
  return Math.atan2(1, t) / Math.PI;
}
