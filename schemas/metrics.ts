import type { Finding } from "./finding.ts";

/**
 * Metrics is where the wiring counts what stages returned: once a batch, never once an event. Labels come from closed or bounded
 * lists; a key, an address or a text of a record is never one.
 */
export interface Metrics {
  /** A batch was taken in and its rows are stored. */
  batch(facts: BatchFacts): void;
  /** Events were judged. */
  judged(facts: { events: number; seconds: number }): void;
  /** Findings that began or grew. */
  findings(findings: readonly Pick<Finding, "uid" | "detection" | "severity">[]): void;
  /** One attempt at a message. `channel` is its kind. */
  delivery(facts: { channel: string; outcome: string; reason: string; seconds: number }): void;
  /** One call of the store. */
  storeCall(facts: { call: string; ok: boolean; seconds: number }): void;
  /**
   * How far the reader of each source is behind it, records: of all that this process reads now, in place of what was told before.
   * Sources without a count of their own say nothing.
   */
  lags(facts: readonly { source: string; partition: string; records: number }[]): void;
}

export interface BatchFacts {
  /** The kind of the source: folder, http, kafka, ... */
  source: string;
  provider: string;
  stored: number;
  duplicates: number;
  dropped: ReadonlyMap<string, number>;
  /** Reasons of dead letters, one each. */
  deadLetters: readonly string[];
  /** Size of the records as they came, unpacked; null where nobody counted. */
  bytes: number | null;
  seconds: number;
}

/** Readings are what stands now; they are taken when somebody asks for the metrics. */
export interface Readings {
  incidents: { status: string; severity: string; count: number }[];
  deadLetters: number;
  /** Null where another process judges, or sends. */
  judging: Judging | null;
  outbox: { size: number; oldestSeconds: number } | null;
  /** How old the newest event of each provider is, seconds. */
  providerLag: { provider: string; seconds: number }[];
  /** Age of the address databases, seconds. */
  databases: { database: string; seconds: number }[];
}

/** Judging is how far a process that judges has come. */
export interface Judging {
  /** Events that are stored and not judged, or judged and not under the checkpoint. */
  aboveCheckpoint: number;
  deferred: number;
  profiles: number;
}

/** noMetrics counts nothing, for commands that nobody watches. */
export const noMetrics: Metrics = {
  batch() {},
  judged() {},
  findings() {},
  delivery() {},
  storeCall() {},
  lags() {},
};
