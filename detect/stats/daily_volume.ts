import { createMemo } from "../memo.ts";
import { callsOn, VOLUME_DAYS, type VolumeMemory } from "../volume.ts";
import { negativeBinomialTail } from "./negative_binomial.ts";
import {
  type SlotHistory,
  slowPath,
  type VolumeModel,
  type VolumeVerdict,
  volumeModel,
  volumeVerdict,
} from "./seasonal_volume.ts";

const WEEK = 7;
/** A week is held against the one so many days before it. */
const TREND_DAYS = 28;
const TREND_P = 1e-6;
const TREND_RATIO = 2;
const TREND_MIN = 50;
/** Days of each kind before a day can be judged. */
const MIN_DAYS = 10;

/** Days are working days or weekends; the first of January 1970 was a Thursday. */
const slotOf = (day: number): number => ((day + 3) % WEEK >= 5 ? 1 : 0);

/** dailyModel learns the calls of working days and weekends; counts above the 99.9 % quantile are cut, so that a burst does not teach itself. */
export function dailyModel(memory: VolumeMemory): VolumeModel | null {
  const { counts, through } = memory;
  if (counts.filter((n) => n > 0).length < MIN_DAYS) return null;
  const model = volumeModel(slotsOf(counts, through, () => Number.POSITIVE_INFINITY));
  const caps = [model.cap(0), model.cap(1)];
  return volumeModel(slotsOf(counts, through, (slot) => Math.max(1, caps[slot]!)));
}

function slotsOf(counts: readonly number[], through: number, cap: (slot: number) => number): SlotHistory[] {
  const slots = [0, 1].map(() => ({ n: 0, sum: 0, sumSq: 0 }));
  for (const [i, count] of counts.entries()) {
    // Days of rest say nothing of how busy a day of work is: a weekly job has six of them.
    if (count === 0) continue;
    const slot = slotOf(through - (counts.length - 1 - i));
    const x = Math.min(count, cap(slot));
    slots[slot]!.n++;
    slots[slot]!.sum += x;
    slots[slot]!.sumSq += x * x;
  }
  return slots;
}

/** usualCalls is what a day of this kind brings. */
export const usualCalls = (model: VolumeModel, day: number): number => model.mu(slotOf(day));

/** dayVerdict judges the calls of a day so far. */
export const dayVerdict = (model: VolumeModel, day: number, calls: number): VolumeVerdict =>
  volumeVerdict(model, slotOf(day), calls, slowPath);

const phis = createMemo<VolumeMemory, { through: number; phi: number }>();

/** calmPhi is the dispersion of days before the last week: the week under judgement must not widen its own measure. */
function calmPhi(memory: VolumeMemory): number {
  const known = phis.get(memory);
  if (known?.through === memory.through) return known.phi;
  const past = dailyModel({ through: memory.through - WEEK + 1, counts: memory.counts.slice(0, 1 - WEEK) });
  const phi = past?.phi ?? 1;
  phis.set(memory, { through: memory.through, phi });
  return phi;
}

export interface Trend {
  fires: boolean;
  now: number;
  before: number;
  p: number;
}

/**
 * weekTrend holds the last seven days against the seven days four weeks before them: a patient thief's ramp never has a day that stands out.
 * The width is that of whole weeks: seven times the mean of a day, and the dispersion of single days over seven of them.
 */
export function weekTrend(memory: VolumeMemory, day: number, calls: number): Trend | null {
  if (memory.counts.length < VOLUME_DAYS - 2) return null;
  let now = calls;
  let before = 0;
  for (let back = 0; back < WEEK; back++) {
    if (back > 0) now += callsOn(memory, day - back) ?? 0;
    const then = callsOn(memory, day - TREND_DAYS - back);
    if (then === null) return null;
    before += then;
  }
  if (before < WEEK || now < TREND_MIN || now < TREND_RATIO * before) return { fires: false, now, before, p: 1 };
  const p = negativeBinomialTail(now, before, Math.max(0.01, (2 * calmPhi(memory)) / WEEK));
  return { fires: p < TREND_P, now, before, p };
}
