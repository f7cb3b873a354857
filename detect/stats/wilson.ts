/**
 * wilson gives the score interval [low, high] of a share k/n at z standard deviations (Wilson 1927).
 * Without observations it is [0, 1]: nothing is known.
 */
export function wilson(k: number, n: number, z: number): [low: number, high: number] {
  if (n <= 0) return [0, 1];
  const share = k / n;
  const zz = z * z;
  const scale = 1 + zz / n;
  const centre = (share + zz / (2 * n)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / n + zz / (4 * n * n))) / scale;
  // At the ends the bound is exactly 0 or 1, and the share itself is never left outside by rounding.
  const low = k <= 0 ? 0 : Math.max(0, Math.min(share, centre - half));
  const high = k >= n ? 1 : Math.min(1, Math.max(share, centre + half));
  return [low, high];
}
