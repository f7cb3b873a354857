import { type LightMap, type LightSet, mapOf, setOf } from "./light_maps.ts";
import { lightFrom, plainText } from "./profile.ts";

/** Item is what a packed profile is a list of. */
export type Item = string | number | null;

/** ItemWriter puts items into a flat list without names; ItemReader takes them off in the same order. */
export class ItemWriter {
  readonly #items: Item[] = [];

  put(...items: Item[]): void {
    for (let i = 0; i < items.length; i++) this.#items.push(items[i]!);
  }

  numbers(numbers: readonly number[]): void {
    this.#items.push(numbers.length);
    for (let i = 0; i < numbers.length; i++) this.#items.push(numbers[i]!);
  }

  /** Most places of the list are 0. */
  sparse(numbers: readonly number[]): void {
    const at = this.#items.push(0) - 1;
    for (let i = 0; i < numbers.length; i++) if (numbers[i] !== 0) this.#items.push(i, numbers[i]!);
    this.#items[at] = (this.#items.length - at - 1) / 2;
  }

  set(values: LightSet<Item>): void {
    this.#items.push(values.size);
    if (values.size > 0) for (const value of values) this.#items.push(value);
  }

  map<V>(map: LightMap<string, V>, write: (value: V) => void): void {
    this.#items.push(map.size);
    if (map.size === 0) return;
    for (const [key, value] of map) {
      this.#items.push(key);
      write(value);
    }
  }

  /** What few profiles have goes in its stored form. */
  rare(value: LightMap<unknown, unknown> | undefined): void {
    this.#items.push(value === undefined || value.size === 0 ? null : plainText(value));
  }

  text(): string {
    return JSON.stringify(this.#items);
  }
}

export class ItemReader {
  readonly #items: readonly Item[];
  #at = 0;

  constructor(text: string) {
    this.#items = JSON.parse(text) as Item[];
  }

  take<T extends Item>(): T {
    return this.#items[this.#at++] as T;
  }

  numbers(): number[] {
    return this.list(() => this.take<number>());
  }

  sparse(length: number): number[] {
    const numbers = Array<number>(length).fill(0);
    for (let n = this.take<number>(); n > 0; n--) numbers[this.take<number>()] = this.take();
    return numbers;
  }

  /** A count, and so many of what `read` takes. */
  list<T>(read: () => T): T[] {
    const list: T[] = [];
    for (let n = this.take<number>(); n > 0; n--) list.push(read());
    return list;
  }

  set<T extends Item>(): LightSet<T> {
    return setOf(this.list(() => this.take<T>()));
  }

  map<V>(read: () => V): LightMap<string, V> {
    return mapOf(this.list((): [string, V] => [this.take(), read()]));
  }

  rare<K, V>(): LightMap<K, V> {
    const text = this.take<string | null>();
    return text === null ? mapOf<K, V>([]) : (lightFrom(text) as LightMap<K, V>);
  }
}
