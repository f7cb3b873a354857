/** Kinds of keys that the fleet holds. */
export const kinds = [
  "office_bot",
  "person",
  "traveller",
  "nightly_cron",
  "poller",
  "ci_runner",
  "read_report",
  "serverless_pool",
  "instance_service",
  "weekly_job",
  "monthly_job",
  "quarterly_job",
  "rotated_key",
  "dormant_key",
  "data_pipeline",
  "vendor_integration",
  "admin_automation",
  "posture_scanner",
  "new_key",
  "honeytoken",
] as const;
export type Kind = (typeof kinds)[number];

/** Rhythm says when an agent works. Hours are local, as numbers of the day. */
export type Rhythm =
  | { type: "office"; perDay: number; from: number; to: number; evenings: number; weekends: number }
  | { type: "cron"; minutes: number[]; calls: number; jitter: number; on: Schedule }
  | { type: "poll"; every: number; calls: number }
  | { type: "diurnal"; perDay: number; peak: number; depth: number; weekends: number; spread: number }
  | { type: "never" };
export type Schedule = "daily" | "weekdays" | { weekday: number } | { monthDay: number } | { quarterDay: number };

/** Source says where an agent calls from. */
export type Source =
  /** Few addresses of one network; with a home network for the evenings of people. */
  | { type: "fixed"; network: string; hosts: number[]; home: { network: string; x: number; h: number } | null }
  /** Any address of a wide network at each run. */
  | { type: "ephemeral"; networks: string[] }
  /** A pool that changes a little every day. */
  | { type: "pool"; networks: string[]; size: number; churn: number }
  /** Private addresses, some calls through a VPC endpoint. */
  | { type: "private"; prefix: string; size: number; endpoint: string | null };

export interface KeyId {
  id: string;
  from: number;
  /** Not used by the agent from here on, ms. */
  until: number;
  revokedAt: number | null;
}

export type Credential =
  | { type: "user"; principalId: string; keys: KeyId[] }
  | { type: "role"; principalId: string; session: "function" | "instance" | "assumed" | "federated"; sessions: number };

export interface Agent {
  name: string;
  kind: Kind;
  /** What it does, of which rhythms, operations and sources of new_key and rotated_key follow. */
  account: string;
  zone: string;
  country: string;
  region: string;
  human: boolean;
  credential: Credential;
  rhythm: Rhythm;
  source: Source;
  /** Operations, the most frequent first; drawn by Zipf's law. */
  operations: string[];
  /** Operations that it calls once in a while, share of its calls. */
  rare: { operations: string[]; share: number };
  errors: { notFound: number; throttled: number; denied: number };
  /** Distinct objects that it reads and writes. */
  objects: number;
  userAgent: string;
  /** First and last moment, ms. */
  active: { from: number; until: number };
  /** Calls rise by this factor over the window. */
  growth: number;
  trips: Trip[];
  inventory: Declared | null;
}

export interface Trip {
  fromDay: number;
  toDay: number;
  zone: string;
  network: string;
  x: number;
}

export interface Declared {
  owner: string;
  access: "read" | "write" | null;
  networks: string[] | null;
  hours: { days: string; from: string; to: string } | null;
  honeytoken: boolean;
}

export interface Call {
  agent: Agent;
  time: number;
  operation: string;
  address: string;
  endpoint: string | null;
  error: "not_found" | "throttled" | "denied" | "unavailable" | null;
  userAgent: string;
  object: number;
  region: string;
  keyId: string;
  session: string | null;
  /** Set for calls of a compromise and those that need a known identity. */
  uid: string | null;
  /** Replaces the usual request parameters. */
  request: Record<string, string> | null;
}
