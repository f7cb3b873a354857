const MAX_KEPT = 64;

/** fresh asks once for all who ask the same at about the same time, and keeps the answer for so many ms; a failure is not kept. */
export function fresh<A extends (string | number)[], T>(
  now: () => number,
  ms: number,
  ask: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  const kept = new Map<string, { until: number; answer: Promise<T> }>();
  return (...args) => {
    const name = JSON.stringify(args);
    const known = kept.get(name);
    if (known !== undefined && now() < known.until) return known.answer;
    const entry = { until: now() + ms, answer: ask(...args) };
    kept.delete(name);
    kept.set(name, entry);
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
    entry.answer.catch(() => kept.delete(name));
    return entry.answer;
  };
}
