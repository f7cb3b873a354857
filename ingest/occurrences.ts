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
