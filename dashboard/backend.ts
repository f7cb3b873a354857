import type { Readable } from "node:stream";
import type { Incident, Transition } from "../schemas/incident.ts";
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

/** Backend is what the HTTP side needs of the rest; main wires it. */
export interface Backend {
  /** Stores what a body holds. Rejects with Refused, or with another error when the store did not take it. */
  push(provider: string, body: Readable, options: { idempotencyKey: string | null }): Promise<Pushed>;
  incidents(filter: { open: boolean; limit: number }): Promise<Incident[]>;
  incident(name: string): Promise<{ incident: Incident; transitions: Transition[] } | null>;
  status(): Promise<Status>;
  /** Why it cannot do its work now, a sentence each; nothing when it can. */
  faults(): Promise<string[]>;
  /** Metrics in Prometheus' text form. */
  metrics(): Promise<{ text: string; contentType: string }>;
  /** Left out: nobody can answer from Slack, mails or other tools. */
  inbound?: Inbound;
}

export interface Status {
  version: string;
  events: number;
  keys: number;
  findings: number;
  dead_letters: number;
  deferred: number;
  newest: number | null;
}
