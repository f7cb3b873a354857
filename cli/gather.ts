/**
 * gathered calls `work` at once when the last call is `everyMs` or longer ago, or when nobody else waits; else one call when that time is over
 * does for all who asked meanwhile.
 */
export function gathered(work: () => void, everyMs: number): (alone: boolean) => void {
  let last = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  function begin(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    last = performance.now();
    work();
  }

  return (alone) => {
    const wait = alone ? 0 : last + everyMs - performance.now();
    if (wait <= 0) begin();
    else timer ??= setTimeout(begin, wait);
  };
}
