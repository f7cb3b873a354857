import { hash } from "node:crypto";

/** Twins are looked for among so many different records before, at least; 100 bytes each. */
const REMEMBERED = 250_000;

/**
 * createOccurrences counts how often a digest was met in one source. Memory is bounded however long the source: twins share their
 * time, so they stand near each other in a log, and one that comes back later counts as the same record.
 */
export function createOccurrences(remembered = REMEMBERED): (digest: string) => number {
  let recent = new Map<string, number>();
  let older = new Map<string, number>();
  return (digest) => {
    const n = recent.get(digest) ?? older.get(digest) ?? 0;
    if (recent.size >= remembered) {
      older = recent;
      recent = new Map();
    }
    recent.set(digest, n + 1);
    return n;
  };
}

/** Most records fit; it is used over and over, for a buffer of its own would cost as much as the digest. */
const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024);

/** digestOf gives 32 hex digits of the SHA-256 of a name and the bytes behind it. */
export function digestOf(name: string, bytes: Buffer): string {
  // A character of UTF-8 has at most three bytes for one of JavaScript.
  const fits = name.length * 3 + bytes.length <= SCRATCH.length;
  const length = fits ? SCRATCH.write(name, 0) : 0;
  if (fits) bytes.copy(SCRATCH, length);
  const whole = fits ? SCRATCH.subarray(0, length + bytes.length) : Buffer.concat([Buffer.from(name), bytes]);
  return hash("sha256", whole, "hex").slice(0, 32);
}
