/** Buffers larger than this are given back when what they hold is small again, bytes. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** appended gives a buffer that holds `used` bytes of `work` and the chunk behind them; grows by doubling, not past `limit` without need. */
export function appended(work: Buffer, used: number, chunk: Buffer, limit: number): Buffer {
  let target = work;
  if (used + chunk.length > work.length) {
    target = Buffer.allocUnsafeSlow(Math.max(used + chunk.length, Math.min(2 * work.length, limit)));
    work.copy(target, 0, 0, used);
  }
  chunk.copy(target, used);
  return target;
}

/** kept gives a buffer that begins with bytes `start`..`end` of `data`: `work` itself where it fits. */
export function kept(work: Buffer, data: Buffer, start: number, end: number): Buffer {
  const rest = end - start;
  const wasteful = work.length > KEPT_BYTES && rest < KEPT_BYTES / 2;
  const target = wasteful || rest > work.length ? Buffer.allocUnsafeSlow(rest) : work;
  data.copy(target, 0, start, end);
  return target;
}
