/** Draws is a stream of pseudo-random numbers that depends on its seed alone: equal seeds give equal fleets on every machine. */
export interface Draws {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, n). */
  int(n: number): number;
  between(from: number, to: number): number;
  chance(p: number): boolean;
  normal(mean: number, deviation: number): number;
  poisson(mean: number): number;
  /** Mean 1; spread is the deviation of the logarithm. */
  factor(spread: number): number;
  pick<T>(list: readonly T[]): T;
  /** At most n distinct elements, in drawn order. */
  sample<T>(list: readonly T[], n: number): T[];
  text(alphabet: string, length: number): string;
  uuid(): string;
}

export const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
export const HEX = "0123456789abcdef";

/** draws begins the stream that belongs to the parts. */
export function draws(...parts: (string | number)[]): Draws {
  const u32 = sfc32(parts.join("/"));
  const next = () => u32() / 0x1_0000_0000;
  const int = (n: number) => Math.floor(next() * n);
  const normal = (mean: number, deviation: number) =>
    mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const text = (alphabet: string, length: number) => {
    let out = "";
    for (let i = 0; i < length; i++) out += alphabet[int(alphabet.length)];
    return out;
  };
  return {
    next,
    int,
    normal,
    text,
    between: (from, to) => from + (to - from) * next(),
    chance: (p) => next() < p,
    factor: (spread) => Math.exp(normal(-(spread * spread) / 2, spread)),
    pick: (list) => list[int(list.length)]!,
    sample(list, n) {
      const left = [...list];
      const out: typeof left = [];
      while (out.length < n && left.length > 0) out.push(left.splice(int(left.length), 1)[0]!);
      return out;
    },
    poisson(mean) {
      if (mean > 40) return Math.max(0, Math.round(normal(mean, Math.sqrt(mean))));
      let count = 0;
      for (let product = next(); product > Math.exp(-mean); product *= next()) count++;
      return count;
    },
    uuid: () => [8, 4, 4, 4, 12].map((n) => text(HEX, n)).join("-"),
  };
}

/** sfc32 is Chris Doty-Humphrey's small fast counter, seeded by four hashes of the text. */
function sfc32(text: string): () => number {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x85ebca6b) ^ (b >>> 13);
    b = Math.imul(b ^ (code + i), 0xc2b2ae35) ^ (c >>> 11);
    c = Math.imul(c ^ (code * 31), 0x27d4eb2f) ^ (a >>> 15);
  }
  const step = () => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) step();
  return step;
}
