import { parseIPv4, parseIPv6 } from "../../schemas/network.ts";

/** Prefix is a network as a number: the address bits with those behind `bits` zero. */
export interface Prefix {
  family: 4 | 6;
  value: bigint;
  bits: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** parsePrefix reads a CIDR; null where it is none. */
export function parsePrefix(cidr: string): Prefix | null {
  const [address = "", length] = cidr.split("/");
  const v4 = parseIPv4(address);
  const groups = v4 >= 0 ? null : parseIPv6(address);
  if (v4 < 0 && groups === null) return null;
  const family = v4 >= 0 ? 4 : 6;
  const bits = length === undefined ? WIDTH[family] : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > WIDTH[family]) return null;
  const value = groups === null ? BigInt(v4) : groups.reduce((sum, g) => (sum << 16n) | BigInt(g), 0n);
  return cut({ family, value, bits: WIDTH[family] }, bits);
}

/** prefixText writes a prefix as a CIDR; IPv6 in the short form of RFC 5952. */
export function prefixText({ family, value, bits }: Prefix): string {
  if (family === 4) return `${[24n, 16n, 8n, 0n].map((s) => (value >> s) & 255n).join(".")}/${bits}`;
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  const zeros = [...groups.join(":").matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].sort(
    (a, b) => b[0].length - a[0].length,
  )[0];
  const text = groups.join(":");
  if (zeros === undefined) return `${text}/${bits}`;
  return `${text.slice(0, zeros.index).replace(/:$/, "")}::${text.slice(zeros.index + zeros[0].length).replace(/^:/, "")}/${bits}`;
}

/** joinSiblings puts two halves of one network together, again and again, and drops what lies inside another; nothing is added. */
export function joinSiblings(prefixes: readonly Prefix[]): Prefix[] {
  let open = [...prefixes].sort(byPlace);
  for (;;) {
    const joined: Prefix[] = [];
    for (const p of open) {
      const last = joined.at(-1);
      if (last && contains(last, p)) continue;
      if (last && last.family === p.family && last.bits === p.bits && p.bits > 0 && contains(cut(last, p.bits - 1), p))
        joined[joined.length - 1] = cut(last, p.bits - 1);
      else joined.push(p);
    }
    if (joined.length === open.length) return joined;
    open = joined;
  }
}

/** coverOf is the smallest network that holds all of them; they are of one family, and at least one. */
export function coverOf(prefixes: readonly Prefix[]): Prefix {
  const sorted = [...prefixes].sort(byPlace);
  const first = sorted[0]!;
  const last = sorted.at(-1)!;
  const differ = (first.value ^ last.value).toString(2);
  const same = differ === "0" ? WIDTH[first.family] : WIDTH[first.family] - differ.length;
  return cut(first, Math.min(same, ...prefixes.map((p) => p.bits)));
}

/**
 * foldCrowded covers every crowd of at least `crowd` networks by the smallest network that is no wider than `widest`; a crowd that would
 * need a wider one is halved first. What stands alone comes back as `loose`.
 */
export function foldCrowded(
  prefixes: readonly Prefix[],
  crowd: number,
  widest: { 4: number; 6: number },
): { folded: Prefix[]; loose: Prefix[] } {
  const folded: Prefix[] = [];
  const loose: Prefix[] = [];
  const fold = (some: readonly Prefix[]): void => {
    if (some.length < crowd) {
      loose.push(...some);
      return;
    }
    const cover = coverOf(some);
    if (cover.bits >= widest[cover.family]) {
      folded.push(cover);
      return;
    }
    const shift = BigInt(WIDTH[cover.family] - cover.bits - 1);
    fold(some.filter((p) => ((p.value >> shift) & 1n) === 0n));
    fold(some.filter((p) => ((p.value >> shift) & 1n) === 1n));
  };
  for (const family of [4, 6] as const) fold(prefixes.filter((p) => p.family === family));
  return { folded, loose };
}

function cut({ family, value }: Prefix, bits: number): Prefix {
  const shift = BigInt(WIDTH[family] - bits);
  return { family, value: (value >> shift) << shift, bits };
}

const contains = (outer: Prefix, inner: Prefix): boolean =>
  outer.family === inner.family && outer.bits <= inner.bits && cut(inner, outer.bits).value === outer.value;

const byPlace = (a: Prefix, b: Prefix): number =>
  a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : a.bits - b.bits);
