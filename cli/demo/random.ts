/** Random is a stream of draws that depends on its seed alone; the demo and the bench corpus stand on it. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, n). */
  int(n: number): number;
  chance(probability: number): boolean;
  normal(mean: number, deviation: number): number;
  poisson(mean: number): number;
  exponential(mean: number): number;
  pick<T>(list: readonly T[]): T;
  /** One of the names, drawn by its weight. */
  weighted<K extends string>(weights: Partial<Record<K, number>>): K;
  text(alphabet: string, length: number): string;
  uuid(): string;
}

export const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
export const BASE62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
export const HEX = "0123456789abcdef";

/** createRandom gives xoshiro128** seeded by the parts; the same parts give the same draws on every machine. */
export function createRandom(...seed: (string | number)[]): Random {
  const u32 = xoshiro(seed.join("|"));
  const next = () => u32() / 0x1_0000_0000;
  const int = (n: number) => Math.floor(next() * n);
  const exponential = (mean: number) => -mean * Math.log(1 - next());
  const normal = (mean: number, deviation: number) =>
    mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

  return {
    next,
    int,
    exponential,
    normal,
    chance: (probability) => next() < probability,
    poisson(mean) {
      // Above 30 the normal curve is close enough, and the product below would need many draws.
      if (mean > 30) return Math.max(0, Math.round(normal(mean, Math.sqrt(mean))));
      const floor = Math.exp(-mean);
      let count = 0;
      for (let product = next(); product > floor; product *= next()) count++;
      return count;
    },
    pick: (list) => {
      if (list.length === 0) throw new Error("nothing to pick from");
      return list[int(list.length)]!;
    },
    weighted(weights) {
      const names = Object.keys(weights) as (keyof typeof weights)[];
      let total = 0;
      for (const name of names) total += weights[name] ?? 0;
      let left = next() * total;
      for (const name of names) {
        left -= weights[name] ?? 0;
        if (left < 0) return name;
      }
      throw new Error("the weights add up to nothing");
    },
    text(alphabet, length) {
      let out = "";
      for (let i = 0; i < length; i++) out += alphabet[int(alphabet.length)];
      return out;
    },
    uuid() {
      const hex = (n: number) => n.toString(16).padStart(8, "0");
      const a = hex(u32());
      const b = hex(((u32() & 0xffff0fff) | 0x4000) >>> 0);
      const c = hex(((u32() & 0x3fffffff) | 0x80000000) >>> 0);
      return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${hex(u32())}`;
    },
  };
}

/** xoshiro128** (Blackman and Vigna), its four words filled by splitmix32 over the FNV-1a hash of the seed. */
function xoshiro(seed: string): () => number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
  const splitmix = () => {
    hash = (hash + 0x9e3779b9) | 0;
    let z = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  return () => {
    const turned = Math.imul(b, 5);
    const out = Math.imul((turned << 7) | (turned >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return out;
  };
}
