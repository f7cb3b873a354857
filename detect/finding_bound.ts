import type { Hit } from "./detection.ts";
import type { FindingState } from "./finding_state.ts";
import type { OpenDay } from "./profile.ts";
import { plural } from "./words.ts";

/** Findings of one detection in one bucket of one subject that are told one by one. */
const MAX_TOLD = 32;
/** What the finding is about that stands for all others. */
const OTHERS = "and more";

export const findingId = (detection: string, dimension: string, bucket: number): string =>
  `${detection}\u001f${dimension}\u001f${bucket}`;

/**
 * boundedHit gives the hit that is told: beyond MAX_TOLD findings of its kind it grows one that stands for all others, so that who makes
 * up names by the thousand is told a few times. That one exists does not depend on the order of events; which ones are told beside it does
 * where they come out of order, and how many calls are left for it: a finding that was told cannot be taken back.
 */
export function boundedHit(day: OpenDay, hit: Hit, detection: string, bucket: number): Hit {
  const { findings } = day;
  if (findings.size < MAX_TOLD || findings.has(findingId(detection, hit.dimension, bucket))) return hit;
  const prefix = `${detection}\u001f`;
  const suffix = `\u001f${bucket}`;
  let told = 0;
  for (const id of findings.keys()) if (id.startsWith(prefix) && id.endsWith(suffix)) told++;
  if (told < MAX_TOLD) return hit;
  // Evidence of one window or session would take the place of that of all others.
  const { evidence: _, firstOnly: __, ...rest } = hit;
  return { ...rest, dimension: OTHERS };
}

/** countOthers says in the finding how many it stands for. */
export function countOthers({ finding }: FindingState): void {
  const reasons = finding.reasons.filter((reason) => !reason.startsWith(SAID));
  finding.reasons = [...reasons, `${SAID} this one stands for all others: ${plural(finding.event_count, "call")}.`];
}

const SAID = `Of one day, ${MAX_TOLD} findings of this kind are told one by one;`;
