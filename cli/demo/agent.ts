import type { OperationId } from "./operations.ts";

/** Agent declares one credential of the demo company: what its owner would say of it, and how it behaves. */
export interface Agent {
  name: string;
  owner: string;
  environment: "production" | "staging";
  account: string;
  access: "read" | "write" | "admin";
  human: boolean;
  timezone: string;
  /** Working hours in `timezone`; null means round the clock. */
  hours: { days: "mon-fri" | "daily"; from: string; to: string } | null;
  /** CIDRs it works from. */
  networks: string[];
  rhythm: Rhythm;
  /** Relative frequency of each operation. */
  operations: Partial<Record<OperationId, number>>;
  /** Share of calls that fail, by kind. */
  errors: { not_found?: number; throttled?: number; denied?: number };
  credential: Credential;
  source: Source;
  region: string;
  userAgent: string;
  /** Active in [from, until), ms since the epoch; null means always. */
  active: { from: number | null; until: number | null };
  trips: Trip[];
}

export interface Rhythm {
  /** bursts: runs at any moment of the hours; hourly: at each full hour; monthly: runs on the first day of the month only. */
  kind: "bursts" | "hourly" | "monthly";
  /** Mean calls on a working day. */
  callsPerDay: number;
  /** Mean calls of one run. */
  burst: number;
  /** Share of a working day's calls on Saturday and Sunday, where the hours say mon-fri. */
  weekend?: number;
  /** Chance that a day also has work between 20:00 and 22:00 local. */
  evenings?: number;
}

export type Credential =
  | { kind: "user"; keyId: string; principalId: string }
  | {
      kind: "role";
      principalId: string;
      /** Instance id or the person's session name. */
      session: string;
      instance: boolean;
      /** Life of one temporary key; keys change at multiples of it. */
      rotateMs: number;
    };

export type Source =
  | { kind: "fixed"; addresses: string[]; home?: string[]; endpoint?: Endpoint }
  /** A new address, mostly in a new /48, for every run; three hexadecimal digits follow the prefix. */
  | { kind: "ephemeral"; prefix: string };

/** Endpoint is a VPC endpoint: a share of the calls comes through it from private addresses. */
export interface Endpoint {
  id: string;
  addresses: string[];
  share: number;
}

export interface Trip {
  /** ms since the epoch, from midnight UTC to midnight UTC. */
  from: number;
  until: number;
  timezone: string;
  addresses: string[];
}
