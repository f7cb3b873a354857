import { Exception } from "./exception.ts";

export interface Slots {
  /** Waits for a place and gives what ends it. Throws Exception when too many wait, or `signal` ends the waiting. */
  take(signal: AbortSignal): Promise<() => void>;
}

/** createSlots lets so many work at once and so many wait, first come first served. */
export function createSlots({ max_queries, max_waiting }: { max_queries: number; max_waiting: number }): Slots {
  let busy = 0;
  const waiting: (() => void)[] = [];
  const release = (): (() => void) => {
    let done = false;
    return () => {
      if (done) return;
      done = true;
      const next = waiting.shift();
      if (next) next();
      else busy--;
    };
  };
  return {
    async take(signal) {
      if (busy < max_queries) {
        busy++;
        return release();
      }
      if (waiting.length >= max_waiting) {
        throw new Exception(
          202,
          "TOO_MANY_SIMULTANEOUS_QUERIES",
          `${max_queries} questions are answered and ${max_waiting} wait; ask again in a moment.`,
        );
      }
      await new Promise<void>((resolve, reject) => {
        const gone = (): void => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(new Exception(394, "QUERY_WAS_CANCELLED", "Query was cancelled"));
        };
        const turn = (): void => {
          signal.removeEventListener("abort", gone);
          resolve();
        };
        waiting.push(turn);
        signal.addEventListener("abort", gone, { once: true });
      });
      return release();
    },
  };
}
