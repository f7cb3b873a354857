import { dayOf } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { atLeast, type Severity } from "../../schemas/severity.ts";

/** VolumeScore is what call_volume_spike says of keys whose calls are counted as they were, and of days that were multiplied. */
export interface VolumeScore {
  keys: number;
  years: number;
  /** Days of a key with a finding of medium or more. */
  alertDays: number;
  /** The same with those that are a risk only. */
  riskDays: number;
  recalls: Recall[];
}

/** Recall counts the multiplied days of one factor. */
export interface Recall {
  factor: number;
  days: number;
  /** Days with a finding that the day alone does not give. */
  told: number;
  /** Of these, as medium or more. */
  alerted: number;
  /** The same of days that reach the least count the detector speaks of at all. */
  busy: { days: number; told: number; alerted: number };
}

export const FACTORS = [3, 5, 10, 30, 100] as const;
/** Calls below which no day is judged (DETECTION.md, section 6). */
export const LEAST_CALLS = 20;

export const newRecalls = (): Recall[] =>
  FACTORS.map((factor) => ({
    ...{ factor, days: 0, told: 0, alerted: 0 },
    busy: { days: 0, told: 0, alerted: 0 },
  }));

export function addRecall(recalls: Recall[], factor: number, calls: number, findings: readonly Finding[]): void {
  const recall = recalls.find((r) => r.factor === factor)!;
  for (const count of calls >= LEAST_CALLS ? [recall, recall.busy] : [recall]) {
    count.days++;
    if (findings.length > 0) count.told++;
    if (findings.some((f) => atLeast(f.severity, "medium"))) count.alerted++;
  }
}

/** alertDaysOf counts the days of a key with a finding of the severity or more. */
export const alertDaysOf = (findings: readonly Finding[], least: Severity): number =>
  new Set(findings.filter((f) => atLeast(f.severity, least)).map((f) => `${f.subject_uid} ${dayOf(f.bucket)}`)).size;
