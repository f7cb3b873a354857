import type { ApiOutcome, KeyType, SessionKind, VerbClass } from "../schemas/activity.ts";
import type { Outcome } from "../schemas/outcome.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/**
 * Draft is what a provider can tell of one call, before fingerprint, redaction and enrichment.
 * Raw key ids may stand in `key_id`, `key_resources` and `enabled_keys` only; the pipeline turns them into fingerprints and drops them.
 * What the record does not say is null.
 */
export interface Draft {
  /** The provider's own event id; null lets the pipeline draw one from provider, bytes and occurrence. */
  event_uid: string | null;
  /** Ms since the epoch; null where the record holds no time at all: the event then gets the time of its arrival. */
  time: number | null;
  account: string | null;
  key_id: string | null;
  key_type: KeyType;
  session_uid: string | null;
  session_kind: SessionKind;
  /** IAM user, role, service account; null where the record names nobody. */
  principal_uid: string | null;
  principal: string | null;
  principal_type: "human" | "service" | "unknown";
  operation: string;
  service: string | null;
  verb_class: VerbClass;
  outcome: ApiOutcome;
  error_code: string | null;
  status_code: number | null;
  /** As the record has it: address, `address:port`, host or service name. */
  source: string | null;
  vpc_endpoint: string | null;
  user_agent: string | null;
  region: string | null;
  resources: string[];
  /** Key ids that the call creates, disables or deletes; they become resources `key:<key_uid>`. */
  key_resources: string[];
  /** Key ids that the call makes active again: resources `key_enabled:<key_uid>`. */
  enabled_keys?: string[];
  environment: string | null;
  scopes: string[];
  bytes_out: number | null;
}

/**
 * Provider is a table and a mapping for one log format; it does no I/O and keeps no state.
 * `claims` must be cheap and must not throw; `normalize` may assume that `claims` said yes or that the user named the provider,
 * so it still meets partial records. One record may hold several calls.
 */
export interface Provider {
  /** Equals the file name. */
  id: string;
  title: string;
  /** Expected lateness of a record, ms. */
  latenessMs: number;
  claims(record: JsonObject): boolean;
  normalize(record: JsonObject): Outcome<Draft | Draft[]>;
  /**
   * What of the record may be kept, before redaction: the event out of its envelope, without parts that hold secrets under names
   * nobody can know. Left out: the whole record.
   */
  kept?(record: JsonObject): JsonObject;
  /** What may be kept of a text that could not be parsed, and may be a piece of this provider's record or of any other. Left out: all. */
  torn?(text: string): string;
  /**
   * What the log can feed: no IP means no location, no per-call record means no failure ratio, and without the sessions of workloads
   * (instances, containers, functions) nobody sees their credentials used elsewhere.
   */
  tells: { source: boolean; userAgent: boolean; perCall: boolean; outcome: boolean; key: boolean; session: boolean };
}

export const defineProvider = (provider: Provider): Provider => provider;
