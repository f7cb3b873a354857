/** A process behind the same address hears of a sign-out after so many ms at the latest. */
const FRESH_MS = 5_000;

/** EndedSessions are those that were signed out, by whichever process. */
export interface EndedSessions {
  has(id: string): boolean;
  add(id: string): void;
  /** Learns what other processes, or this one before its start, ended. Who asks at the same time shares the answer. */
  refresh(): Promise<void>;
}

/** createEndedSessions keeps what `load` gives: the ids of all sessions that were ended and would still be open. */
export function createEndedSessions(load: () => Promise<readonly string[]>, now: () => number): EndedSessions {
  const ids = new Set<string>();
  let until = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | null = null;
  return {
    has: (id) => ids.has(id),
    add: (id) => void ids.add(id),
    async refresh() {
      if (now() < until) return;
      loading ??= load()
        .then((loaded) => {
          for (const id of loaded) ids.add(id);
          until = now() + FRESH_MS;
        })
        .finally(() => {
          loading = null;
        });
      await loading;
    },
  };
}
