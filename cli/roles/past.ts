import { type Finding, inEventOrder } from "../../schemas/finding.ts";

/** More than these are applied without waiting on: memory is bounded, and a past that long has order enough. */
const MAX_GATHERED = 50_000;

export interface Past {
  /** Offset of the first message that is not applied yet, null where all are. */
  readonly from: number | null;
  add(finding: Finding, offset: number): void;
  /** True once no finding of the past came for the time of settling. */
  due(): boolean;
  /** All of them, each in its newest version, in the order of their events; they are forgotten. */
  take(): Finding[];
}

/**
 * createPast gathers findings of old events out of all partitions and of the fleet: which of them opens an incident depends on their order,
 * and must not depend on which partition was read first. `settle` is in ms.
 */
export function createPast(now: () => number, settle: number): Past {
  let findings = new Map<string, Finding>();
  let from: number | null = null;
  let at = 0;
  return {
    get from() {
      return from;
    },
    add(finding, offset) {
      from ??= offset;
      at = now();
      const known = findings.get(finding.uid);
      if (known === undefined || known.version <= finding.version) findings.set(finding.uid, finding);
    },
    due: () => findings.size > MAX_GATHERED || (findings.size > 0 && now() - at >= settle),
    take() {
      const all = inEventOrder([...findings.values()]);
      findings = new Map();
      from = null;
      return all;
    },
  };
}
