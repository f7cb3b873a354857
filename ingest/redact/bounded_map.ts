/**
 * BoundedMap remembers at most two generations of `size` entries: when the young one is full it becomes the old one
 * and the old one is forgotten. No list to keep in order, so a hit costs one look-up and memory has a ceiling.
 */
export interface BoundedMap<V> {
  get(name: string): V | undefined;
  set(name: string, value: V): void;
}

export function createBoundedMap<V>(size: number): BoundedMap<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  const set = (name: string, value: V): void => {
    if (young.size >= size) {
      old = young;
      young = new Map();
    }
    young.set(name, value);
  };
  return {
    get(name) {
      const hit = young.get(name);
      if (hit !== undefined) return hit;
      const kept = old.get(name);
      if (kept !== undefined) set(name, kept);
      return kept;
    },
    set,
  };
}
