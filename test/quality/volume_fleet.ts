import { groupBy } from "../../cli/keys/observed.ts";
import { ingestParts } from "../../cli/parts.ts";
import { detectPart } from "../../detect/detection.ts";
import { ENGINE_SUBJECT } from "../../detect/engine.ts";
import { config } from "../../schemas/config.ts";
import { dayOf } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { WINDOW_DAYS } from "./agents.ts";
import { daysOf, makeFleet } from "./fleet.ts";
import { beginLife } from "./life.ts";
import { placeOverrides } from "./places.ts";
import { draws } from "./random.ts";
import { readDay } from "./read_day.ts";
import { DETECTION, playMultiplied } from "./volume_activity.ts";
import { addRecall, alertDaysOf, FACTORS, newRecalls, type VolumeScore } from "./volume_score.ts";

/** Days until a key's counts are judged, and until its days may be multiplied. */
const LEARNING_DAYS = 30;
/** The share of the days of a key that are multiplied. */
const CHOSEN = 0.05;

/**
 * scoreFleet scores the volume detector on the made-up fleet: thefts are left out of the count of alert-days, and never multiplied; benign
 * surprises are in it.
 */
export async function scoreFleet(seed: number): Promise<VolumeScore> {
  const fleet = makeFleet(seed);
  const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, seed), places: placeOverrides });
  const stolen = new Set(fleet.compromises.flatMap((c) => [...c.uids]));
  const r = draws("volume", "fleet", seed);
  const since = new Map<string, number>();
  const thefts = new Set<string>();
  const played: { subject: string; told: Finding[]; factor: number; calls: number }[] = [];
  const life = beginLife(DETECTION);
  for (const day of daysOf(fleet)) {
    const calls = readDay(parts, day).map(detectPart);
    for (const call of calls) {
      since.set(call.subject_uid, Math.min(since.get(call.subject_uid) ?? day.day, day.day));
      if (stolen.has(call.event_uid)) thefts.add(`${call.subject_uid} ${day.day}`);
    }
    const before = life.rows();
    for (const [subject, own] of groupBy(calls, (c) => c.subject_uid)) {
      if (day.day < fleet.first || day.day - since.get(subject)! < LEARNING_DAYS) continue;
      if (thefts.has(`${subject} ${day.day}`) || !r.chance(CHOSEN)) continue;
      const rows = before.filter((row) => row.subject_uid === subject || row.subject_uid === ENGINE_SUBJECT);
      for (const factor of FACTORS)
        played.push({ subject, factor, calls: own.length * factor, told: playMultiplied(rows, own, factor, r) });
    }
    life.play(calls);
  }
  return scored(life.end());

  function scored(found: readonly Finding[]): VolumeScore {
    const recalls = newRecalls();
    const known = new Set(found.map((f) => f.uid));
    for (const { factor, calls, told } of played)
      addRecall(
        recalls,
        factor,
        calls,
        told.filter((f) => !known.has(f.uid)),
      );
    const end = fleet.first + WINDOW_DAYS;
    const from = (first: number) => Math.max(fleet.first, first + LEARNING_DAYS);
    const judged = found.filter((f) => {
      const day = dayOf(f.bucket);
      return day >= from(since.get(f.subject_uid)!) && !thefts.has(`${f.subject_uid} ${day}`);
    });
    return {
      keys: since.size,
      years: [...since.values()].reduce((sum, first) => sum + Math.max(0, end - from(first)) / 365.25, 0),
      alertDays: alertDaysOf(judged, "medium"),
      riskDays: alertDaysOf(judged, "low"),
      recalls,
    };
  }
}
