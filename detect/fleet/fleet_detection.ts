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
}

/** FleetWatch is a fleet detection at work. What it says must not depend on the order of signals. */
export interface FleetWatch {
  take(signal: Signal): FleetHit | null;
  /** State as JSON, and back. */
  state(): unknown;
  restore(state: unknown): void;
  forget(subjects: ReadonlySet<string>): void;
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
