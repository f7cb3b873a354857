const MAX_KEPT = 64;
/** An answer that took longer to reckon may be given again while the next one is reckoned; a quick one is reckoned anew. */
const SLOW_MS = 500;

interface Kept<T> {
  until: number;
  answer: Promise<T>;
  slow: boolean;
  next: Promise<unknown> | null;
}

/**
 * fresh asks once for all who ask the same at about the same time, and keeps the answer for so many ms. Where answers are slow, the old
 * one is given up to `staleMs` longer, and the new one is asked for behind it. A failure is not kept.
 */
export function fresh<A extends (string | number)[], T>(
  now: () => number,
  { ms, staleMs = 0 }: { ms: number; staleMs?: number },
  ask: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  const kept = new Map<string, Kept<T>>();

  function begin(name: string, args: A): Kept<T> {
    const start = now();
    const entry: Kept<T> = { until: start + ms, answer: ask(...args), slow: false, next: null };
    entry.answer.then(
      () => {
        entry.until = now() + ms;
        entry.slow = now() - start > SLOW_MS;
      },
      () => kept.get(name) === entry && kept.delete(name),
    );
    return entry;
  }

  function keep(name: string, entry: Kept<T>): void {
    kept.delete(name);
    kept.set(name, entry);
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
  }

  return (...args) => {
    const name = JSON.stringify(args);
    const known = kept.get(name);
    if (known !== undefined && now() < known.until) return known.answer;
    if (known?.slow && now() < known.until + staleMs) {
      if (known.next === null) {
        const entry = begin(name, args);
        known.next = entry.answer.then(
          () => keep(name, entry),
          () => {
            known.next = null;
          },
        );
      }
      return known.answer;
    }
    const entry = begin(name, args);
    keep(name, entry);
    return entry.answer;
  };
}
