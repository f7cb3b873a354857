import { createHash, createHmac, timingSafeEqual } from "node:crypto";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** sameText compares in constant time, whatever the lengths. */
export const sameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

export const hmacHex = (key: string, text: string | Buffer): string =>
  createHmac("sha256", key).update(text).digest("hex");

/** provers gives those of the candidates whose proof was given. Each is tried, so that the time tells nothing. */
export function provers<T>(candidates: readonly T[], proofOf: (candidate: T) => string, given: readonly string[]): T[] {
  const found: T[] = [];
  for (const candidate of candidates) {
    const proof = proofOf(candidate);
    let same = false;
    for (const text of given) same = sameText(proof, text) || same;
    if (same) found.push(candidate);
  }
  return found;
}

/** headerOf gives one value of a header; sent twice it is none, so that nobody can offer a choice. */
export function headerOf(headers: Headers, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}

/** Headers by lower-case name, as Node gives them. */
export type Headers = Record<string, string | string[] | undefined>;

/** Seen remembers requests that were taken, so that none is taken twice within `forMs`. */
export interface Seen {
  /** False when it was taken before. */
  take(id: string, now: number): boolean;
}

export function createSeen(forMs: number, max = 20_000): Seen {
  const until = new Map<string, number>();
  return {
    take(id, now) {
      for (const [old, end] of until) {
        if (end > now && until.size < max) break;
        until.delete(old);
      }
      if ((until.get(id) ?? 0) > now) return false;
      until.delete(id);
      until.set(id, now + forMs);
      return true;
    },
  };
}
