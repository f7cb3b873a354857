import { cpus } from "node:os";

/** Limits of one question, and of all at once. */
export interface Limits {
  /** Questions under way at once; others wait. */
  max_queries: number;
  /** Questions that may wait; the next one is told to come again. */
  max_waiting: number;
  /** Time of one question, ms. */
  max_time: number;
  /** Memory of one question, bytes. */
  max_memory: number;
  /** Rows of one answer. */
  max_rows: number;
  /** Threads of one question; null is half of the processors, so that the ingest keeps the others. */
  max_threads: number | null;
}

/** An answer in a format that is one document is held whole, so that it is kept small. */
const MAX_DOCUMENT_BYTES = 32 * 2 ** 20;

/** The lowest priority that the system knows, 19, would starve questions beside a busy ingest. */
const NICE = 10;

/** engineSettings are those of a session under these limits. */
export function engineSettings(limits: Limits): Record<string, string | number> {
  const threads = limits.max_threads ?? Math.max(1, Math.floor(cpus().length / 2));
  return {
    max_threads: threads,
    max_execution_time: limits.max_time / 1000,
    timeout_overflow_mode: "throw",
    max_memory_usage: limits.max_memory,
    max_bytes_before_external_group_by: Math.floor(limits.max_memory / 2),
    max_bytes_before_external_sort: Math.floor(limits.max_memory / 2),
    max_result_rows: limits.max_rows,
    result_overflow_mode: "throw",
    allow_introspection_functions: 0,
    // Ingest and the page go first where the process may lower and raise its threads (CAP_SYS_NICE); elsewhere this does nothing.
    os_threads_nice_value_query: NICE,
  };
}

export const documentSettings = { max_result_bytes: MAX_DOCUMENT_BYTES } as const;
