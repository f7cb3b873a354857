import { createRecent } from "../recent.ts";

const known = createRecent<number>(16);

/** partitionOf gives the partition that owns a principal: murmur2 of its bytes, as every Kafka client computes it for a key. */
export function partitionOf(principalUid: string, partitions: number): number {
  let hash = known.get(principalUid);
  if (hash === undefined) {
    hash = murmur2(Buffer.from(principalUid, "utf8")) & 0x7fffffff;
    known.set(principalUid, hash);
  }
  return hash % partitions;
}

const M = 0x5bd1e995;

/** Source: MurmurHash2 by Austin Appleby (public domain), with Kafka's seed. */
export function murmur2(data: Buffer): number {
  const { length } = data;
  let h = 0x9747b28c ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let k = Math.imul(data.readInt32LE(i), M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length - i;
  if (rest >= 3) h ^= data[i + 2]! << 16;
  if (rest >= 2) h ^= data[i + 1]! << 8;
  if (rest >= 1) h = Math.imul(h ^ data[i]!, M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}
