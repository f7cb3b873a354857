import type { Readable } from "node:stream";
import type { Finding } from "../schemas/finding.ts";
import type {
  AuditOut,
  DatabaseOut,
  EventDetail,
  EventPage,
  EventQuery,
  Evidence,
  FeedOut,
  FindingQuery,
  IncidentQuery,
  KeyDetail,
  KeyOut,
  KeyQuery,
  SilenceOut,
  SourceOut,
  Stats,
  StatusOut,
} from "../schemas/http_api.ts";
import type { Command, Incident, Transition } from "../schemas/incident.ts";
import type { ChangeRow } from "../schemas/queries/page.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Inbound } from "./inbound.ts";

/** Pushed says what became of the records of one request; the rows are stored when it is given. */
export interface Pushed {
  records: number;
  stored: number;
  duplicates: number;
  dropped: number;
  dead_letters: number;
  /** First reasons of dead letters, for the sender. */
  reasons: string[];
}

/** Refused is a request that cannot be taken, with the sentence for the sender. */
export class Refused extends Error {
  override name = "Refused";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Backend is what the HTTP side needs of the rest; main wires it. Where something is not there it gives null. */
export interface Backend {
  now(): number;
  /** Stores what a body holds. Rejects with Refused, or with another error when the store did not take it. */
  push(provider: string, body: Readable, options: { idempotencyKey: string | null }): Promise<Pushed>;
  /** Why it cannot do its work now, a sentence each; nothing when it can. */
  faults(): Promise<string[]>;
  /** Metrics in Prometheus' text form. */
  metrics(): Promise<{ text: string; contentType: string }>;
  status(): Promise<StatusOut>;
  incidents(query: IncidentQuery): Promise<Incident[]>;
  incident(name: string): Promise<{ incident: Incident; transitions: Transition[] } | null>;
  /** What stands behind an incident, to be drawn: findings, hours, counts, places, events. */
  evidence(name: string): Promise<Evidence | null>;
  /** Does what a person asked for; false when it was so already. Rejects with Refused and the sentence. */
  command(command: Omit<Command, "id" | "at">): Promise<boolean>;
  findings(query: FindingQuery): Promise<Finding[]>;
  finding(uid: string): Promise<Finding | null>;
  keys(query: KeyQuery): Promise<KeyOut[]>;
  key(name: string): Promise<KeyDetail | null>;
  events(query: EventQuery): Promise<EventPage>;
  event(principal: string, time: number, uid: string): Promise<EventDetail | null>;
  sources(): Promise<{ sources: SourceOut[]; feeds: FeedOut[]; databases: DatabaseOut[] }>;
  stats(from: number, to: number): Promise<Stats>;
  /** What became of incidents since a time, ms. */
  changes(since: number, limit: number): Promise<ChangeRow[]>;
  /** Rows in the store. */
  eventCount(): Promise<number>;
  silences(all: boolean): Promise<SilenceOut[]>;
  /** Keeps messages back. Rejects with Refused and the sentence. */
  silence(wanted: { actor: string; matchers: string[]; reason: string; lastsMs: number }): Promise<SilenceOut>;
  expire(uid: string, actor: string): Promise<boolean>;
  audit(limit: number): Promise<AuditOut[]>;
  /** What the ClickHouse door at /clickhouse reads; left out, there is no door. */
  store?: Store;
  /** Left out: nobody can answer from Slack, mails or other tools. */
  inbound?: Inbound;
  /** Sessions that were signed out and would still be open, by their ids. */
  endedSessions(): Promise<string[]>;
  /** Notes who did what. */
  note(entry: { actor: string; via: string; action: string; target: string; detail: string }): Promise<void>;
}
