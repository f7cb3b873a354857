/** Outcome is every way a record can leave a step. There is no fourth way, and every exit is counted. */
export type Outcome<T> =
  | { kind: "ok"; value: T }
  /** Wanted: counted, not stored (a heartbeat, a digest file, the request half of a pair). */
  | { kind: "drop"; reason: string }
  /** Unwanted: stored redacted, replayable. */
  | { kind: "dead_letter"; reason: string; cause?: unknown };

export const ok = <T>(value: T): Outcome<T> => ({ kind: "ok", value });
export const drop = (reason: string): Outcome<never> => ({ kind: "drop", reason });
export const deadLetter = (reason: string, cause?: unknown): Outcome<never> => ({ kind: "dead_letter", reason, cause });
