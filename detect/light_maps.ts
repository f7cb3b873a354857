/*
 * A profile has some forty maps and sets, and most keys use few of them: an empty one weighs 150 bytes and more, which is half of a
 * profile. So those without an entry are all the same one, and the first entry brings a container of its own.
 */

export const noMap: ReadonlyMap<never, never> = new Map<never, never>();
export const noSet: ReadonlySet<never> = new Set<never>();

/** put gives the map with the entry: the same one, but for the shared empty one. */
export function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  const own = map === noMap ? new Map<K, V>() : (map as Map<K, V>);
  return own.set(key, value);
}

/** add does so for a set. */
export function add<T>(set: ReadonlySet<T>, value: T): ReadonlySet<T> {
  const own = set === noSet ? new Set<T>() : (set as Set<T>);
  return own.add(value);
}

/** drop gives the map without the entry: the shared one when it was the last. */
export function drop<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  (map as Map<K, V>).delete(key);
  return map.size === 0 ? noMap : map;
}

export const mapOf = <K, V>(entries: readonly [K, V][]): ReadonlyMap<K, V> =>
  entries.length === 0 ? noMap : new Map(entries);

export const setOf = <T>(values: readonly T[]): ReadonlySet<T> => (values.length === 0 ? noSet : new Set(values));
