/** So many subjects have what was reckoned for them at hand. Of all subjects it would weigh more than their profiles. */
const MAX_REMEMBERED = 16_384;

/** Memo remembers what was reckoned for an object, for as long as there are few of them; what it forgot is reckoned again. */
export interface Memo<K extends object, V> {
  get(of: K): V | undefined;
  set(of: K, value: V): void;
  clear(): void;
}

export function createMemo<K extends object, V>(): Memo<K, V> {
  let known = new WeakMap<K, V>();
  let size = 0;
  /** One judgement asks for the same object several times in a row. */
  let last: K | null = null;
  let lastValue: V | undefined;
  const clear = (): void => {
    known = new WeakMap();
    size = 0;
    last = null;
  };
  return {
    get(of) {
      if (of !== last) {
        lastValue = known.get(of);
        last = of;
      }
      return lastValue;
    },
    set(of, value) {
      if (size >= MAX_REMEMBERED) clear();
      if (!known.has(of)) size++;
      known.set(of, value);
      last = of;
      lastValue = value;
    },
    clear,
  };
}
