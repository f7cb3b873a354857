import { groupBy } from "../../cli/keys/observed.ts";
import type { DetectEvent } from "../../detect/detection.ts";
import { byEventTime } from "../../schemas/activity.ts";
import { alignTo, dayOf, HOUR_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { beginLife, callsAt, type EngineRows } from "./life.ts";
import { type Draws, draws } from "./random.ts";
import { type Identity, isJudged, yearsJudged } from "./timelines.ts";
import { addRecall, alertDaysOf, FACTORS, newRecalls, type VolumeScore } from "./volume_score.ts";

/** Days of each identity that are multiplied, drawn from its active days after learning. */
const DAYS_EACH = 10;
export const DETECTION = "call_volume_spike";

/**
 * scoreActivity scores the volume detector on real counts. Each chosen day is played from the stored state of the evening before, once for each
 * factor: every call of the day comes so many times, the copies at random moments of the same hour.
 */
export function scoreActivity(identities: readonly Identity[]): VolumeScore {
  const score: VolumeScore = {
    ...{ keys: identities.length, years: yearsJudged(identities) },
    ...{ alertDays: 0, riskDays: 0, recalls: newRecalls() },
  };
  for (const identity of identities) {
    const days = groupBy(identity.local, dayOf);
    const r = draws("volume", identity.name);
    const chosen = new Set(
      r.sample(
        [...days.keys()].filter((d) => isJudged(identity, d)),
        DAYS_EACH,
      ),
    );
    const life = beginLife(DETECTION);
    const before = new Map<number, EngineRows>();
    for (const [day, times] of days) {
      if (chosen.has(day)) before.set(day, life.rows());
      life.play(callsAt(times));
    }
    const found = life.end();
    const own = new Set(found.map((f) => f.uid));
    const judged = found.filter((f) => isJudged(identity, dayOf(f.bucket)));
    score.alertDays += alertDaysOf(judged, "medium");
    score.riskDays += alertDaysOf(judged, "low");
    for (const day of chosen) {
      const times = days.get(day)!;
      for (const factor of FACTORS) {
        const told = playMultiplied(before.get(day)!, callsAt(times), factor, r).filter((f) => !own.has(f.uid));
        addRecall(score.recalls, factor, times.length * factor, told);
      }
    }
  }
  return score;
}

/** playMultiplied plays a day with factor times its calls from the state before it: the copies come at random moments of the same hour. */
export function playMultiplied(before: EngineRows, calls: readonly DetectEvent[], factor: number, r: Draws): Finding[] {
  const copies = calls.flatMap((call) =>
    Array.from({ length: factor - 1 }, (_, i) => ({
      ...call,
      event_uid: `${call.event_uid}+${i}`,
      time: alignTo(call.time, HOUR_MS) + r.int(HOUR_MS),
    })),
  );
  const theft = beginLife(DETECTION, before);
  theft.play([...calls, ...copies].sort(byEventTime));
  return theft.end();
}
