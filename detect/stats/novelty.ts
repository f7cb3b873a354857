/** Levels of a source, finest first. */
export const sourceLevels = ["ip", "net", "asn", "country"] as const;
export type SourceLevel = (typeof sourceLevels)[number];

const FINDING_MASS = 0.05;
const RISK_MASS = 0.15;
const MIN_OBSERVATIONS = 20;

/** LevelHistory is what the subject's past says at one level; an observation is one value on one day. */
export interface LevelHistory {
  level: SourceLevel;
  /** The value of this event was never seen (or forgotten). */
  isNew: boolean;
  /** Observations. */
  n: number;
  /** Values seen on one day only. */
  n1: number;
  /** Observations of an active day; 1 where left out. */
  perDay?: number;
  /** Share of the recent active days that brought a new value; 0 where left out. */
  newPerDay?: number;
}

/** LadderVerdict: a new source worth telling, or why this subject's sources say nothing, or null: nothing is new. */
export type LadderVerdict =
  | { level: SourceLevel; verdict: "finding" | "risk"; unseen: number; n: number }
  | { uninformative: string }
  | null;

/**
 * ladder judges a source from the finest level up: a new value is alert-worthy where a day brings one with p <= 0.05 and
 * n >= 20, and a risk up to 0.15. The coarsest such level is reported, once: a new country outranks its new ASN.
 * The climb ends at the first value that is known, so that a corrected geo database is no new source.
 * Levels without data (no ASN known) are left out by the caller; their order does not matter.
 */
export function ladder(levels: readonly LevelHistory[]): LadderVerdict {
  let finding: LadderVerdict = null;
  let risk: LadderVerdict = null;
  let coarsest: LevelHistory | null = null;
  for (const name of sourceLevels) {
    const level = levels.find((l) => l.level === name);
    if (!level) continue;
    if (!level.isNew) break;
    coarsest = level;
    const unseen = unseenPerDay(level);
    if (level.n < MIN_OBSERVATIONS || unseen > RISK_MASS) continue;
    if (unseen <= FINDING_MASS) finding = { level: name, verdict: "finding", unseen, n: level.n };
    else risk = { level: name, verdict: "risk", unseen, n: level.n };
  }
  if (finding ?? risk) return finding ?? risk;
  return coarsest && { uninformative: reason(coarsest) };
}

/** unseenMass is the probability that the next observation is a value never seen: (n1 + 1)/(n + 1) (Good 1953, smoothed). */
export function unseenMass(n1: number, n: number): number {
  return (n1 + 1) / (n + 1);
}

/**
 * unseenPerDay is the probability that a day brings a value never seen: Good's estimate over the observations of a day, or the share
 * of recent days that did. A pool whose addresses live for a week has hardly any that were seen once, and a new one every other day.
 */
export function unseenPerDay(history: Pick<LevelHistory, "n" | "n1" | "perDay" | "newPerDay">): number {
  const { n, n1, perDay = 1, newPerDay = 0 } = history;
  return Math.min(1, Math.max(1 - (1 - unseenMass(n1, n)) ** Math.max(1, perDay), newPerDay));
}

function reason(history: LevelHistory): string {
  const { level, n } = history;
  if (n < MIN_OBSERVATIONS) return `${n} of ${MIN_OBSERVATIONS} observations at level ${level}`;
  return `${level} changes too often: a new one is expected in ${Math.round(100 * unseenPerDay(history))} % of days`;
}
