import type { Explanation } from "../../schemas/explanation.ts";
import type { Signal } from "../../schemas/signal.ts";
import type { Evidence, Hit, Policy } from "../detection.ts";

/** FleetHit is what a fleet detection says of many keys. */
export interface FleetHit extends Omit<Hit, "bucket" | "evidence" | "also" | "holds"> {
  provider: string;
  account: string | null;
  subject: string;
  bucket: number;
  members: string[];
  evidence: Evidence;
  /** What it is about where that is not keys, for a title. */
  who?: string;
  /** Past that stands behind it, where it has one. */
  history?: { days: number; events: number };
  /** Parts of an explanation that it cannot have, and why; left out: those of a comparison of keys. */
  unapplied?: Explanation["unapplied"];
  /** For what ends by itself: when it did, ms; null while it lasts. */
  ended?: number | null;
  /** Rises as it grows, for what does not grow by members. */
  growth?: number;
}

/** FleetWatch is a fleet detection at work. What it says must not depend on the order of signals. */
export interface FleetWatch {
  take(signal: Signal): readonly FleetHit[];
  /** State as JSON, and back. */
  state(): unknown;
  restore(state: unknown): void;
  forget(subjects: ReadonlySet<string>): void;
  /** Time between two moments (ms) in which nothing could be heard of the keys of an account, ms. */
  unheard?(provider: string, account: string | null, from: number, to: number): number;
}

/** FleetDetection looks at signals of all keys; one process sees all of them (DESIGN.md, section 3.7). */
export interface FleetDetection
  extends Pick<
    Policy,
    "id" | "version" | "title" | "level" | "weight" | "tags" | "needs" | "runbook" | "falsePositives"
  > {
  kind: "fleet";
  create(): FleetWatch;
}

export const defineFleet = (detection: Omit<FleetDetection, "kind">): FleetDetection => ({
  kind: "fleet",
  ...detection,
});
