/*
 * A profile has some forty maps and sets. Most keys leave half of them empty and have one entry in most others: one network, one program,
 * one region. A Map weighs 180 bytes before its first entry, which made three fifths of a profile; so all empty ones are the same one,
 * and a single entry has a small form of its own.
 */

/** LightMap is what is read of a map; put and drop give the changed one. */
export interface LightMap<K, V> extends Iterable<[K, V]> {
  readonly size: number;
  has(key: K): boolean;
  get(key: K): V | undefined;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
}

/** LightSet is what is read of a set; add gives the changed one. */
export interface LightSet<T> extends Iterable<T> {
  readonly size: number;
  has(value: T): boolean;
}

export const noMap: LightMap<never, never> = new Map<never, never>();
export const noSet: LightSet<never> = new Set<never>();

/** put gives the map with the entry. */
export function put<K, V>(map: LightMap<K, V>, key: K, value: V): LightMap<K, V> {
  if (map === noMap) return new OneEntry(key, value);
  if (map instanceof Map) return map.set(key, value);
  return (map as OneEntry<K, V>).with(key, value);
}

/** drop gives the map without the entry. */
export function drop<K, V>(map: LightMap<K, V>, key: K): LightMap<K, V> {
  if (map instanceof Map) map.delete(key);
  else if (map.has(key)) return noMap;
  return map.size === 0 ? noMap : map;
}

/** add gives the set with the value. */
export function add<T>(set: LightSet<T>, value: T): LightSet<T> {
  if (set === noSet) return new OneValue(value);
  if (set instanceof Set) return set.add(value);
  return (set as OneValue<T>).with(value);
}

export const mapOf = <K, V>(entries: readonly [K, V][]): LightMap<K, V> => {
  const [first] = entries;
  return first === undefined ? noMap : entries.length === 1 ? new OneEntry(...first) : new Map(entries);
};

export const setOf = <T>(values: readonly T[]): LightSet<T> =>
  values.length === 0 ? noSet : values.length === 1 ? new OneValue(values[0]!) : new Set(values);

export const isMap = (value: unknown): value is LightMap<unknown, unknown> =>
  value instanceof Map || value instanceof OneEntry;
export const isSet = (value: unknown): value is LightSet<unknown> => value instanceof Set || value instanceof OneValue;

class OneEntry<K, V> implements LightMap<K, V> {
  readonly #key: K;
  readonly #value: V;

  constructor(key: K, value: V) {
    this.#key = key;
    this.#value = value;
  }

  get size(): number {
    return 1;
  }

  /** A Map made of an iterable takes twice as long. */
  with(key: K, value: V): LightMap<K, V> {
    return key === this.#key ? new OneEntry(key, value) : new Map<K, V>().set(this.#key, this.#value).set(key, value);
  }

  has(key: K): boolean {
    return key === this.#key;
  }

  get(key: K): V | undefined {
    return key === this.#key ? this.#value : undefined;
  }

  keys(): IterableIterator<K> {
    return [this.#key].values();
  }

  values(): IterableIterator<V> {
    return [this.#value].values();
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return [[this.#key, this.#value] as [K, V]].values();
  }
}

class OneValue<T> implements LightSet<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get size(): number {
    return 1;
  }

  with(value: T): LightSet<T> {
    return value === this.#value ? this : new Set<T>().add(this.#value).add(value);
  }

  has(value: T): boolean {
    return value === this.#value;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return [this.#value].values();
  }
}
