const HOURS = 24;
const CELLS = 168;
const WEEKDAY_CELLS = 120;
/** Part of a cell that is taken from the mean of its weekday or weekend class at that hour. */
const POOLED = 0.5;
const KERNEL_SIDE = 0.15;
const KERNEL_MIDDLE = 0.7;
/** Pseudo-count in all cells together: more, and the empty cells drown the tail. */
const PSEUDO_COUNT = 0.05;
const MAX_ENTROPY = 0.97;
const MAX_ACTIVE_HOURS = 22;
/** An hour is active from half of an even share up: over years people touch every hour once. */
const ACTIVE_SHARE = 0.5 / HOURS;
/** Habits fade by half in this many days. */
const HALF_LIFE_DAYS = 270;

export interface HourHabits {
  /** False: this subject has no hours, and its tail says nothing. */
  informative: boolean;
  why: string;
  /** Total mass of the cells no likelier than this one, in (0, 1]. */
  tail(cell: number): number;
  /** Entropy of the 24-hour histogram over ln 24, in [0, 1]. */
  entropy: number;
  /** Hours of the day that hold at least half of an even share of the activity, 0..24. */
  activeHours: number;
}

/**
 * hourHabits learns when a subject works from 168 cells of distinct active days (local hour of week, Monday 0 h first).
 * Weekday and weekend cells are pooled at 50 %, smoothed by a circular kernel (.15, .70, .15) and given a pseudo-count
 * of 0.05 in all. Days, not events: one busy night must not become a habit.
 */
export function hourHabits(cells: ArrayLike<number>): HourHabits {
  const daily = new Float64Array(HOURS);
  let total = 0;
  for (let i = 0; i < CELLS; i++) {
    const count = cells[i] ?? 0;
    daily[i % HOURS]! += count;
    total += count;
  }
  const entropy = normalisedEntropy(daily, total);
  const floor = total * ACTIVE_SHARE;
  const activeHours = daily.reduce((sum, count) => sum + (count > 0 && count >= floor ? 1 : 0), 0);
  const why = uninformative(total, entropy, activeHours);
  const tails = tailsOf(smooth(pool(cells)), total);
  return { informative: why === "", why, tail: (cell) => tails[cell] ?? 1, entropy, activeHours };
}

/** fadeHours ages the cells in place by the days since they were last aged; half-life 270 days. Call it before a day is added. */
export function fadeHours(cells: { [cell: number]: number; readonly length: number }, days: number): void {
  if (!(days > 0)) return;
  const factor = 2 ** (-days / HALF_LIFE_DAYS);
  for (let i = 0; i < cells.length; i++) cells[i]! *= factor;
}

function uninformative(total: number, entropy: number, activeHours: number): string {
  if (total <= 0) return "no activity yet";
  if (entropy >= MAX_ENTROPY) return `works round the clock (hour entropy ${entropy.toFixed(3)})`;
  if (activeHours >= MAX_ACTIVE_HOURS) return `active in ${activeHours} of 24 hours`;
  return "";
}

function normalisedEntropy(counts: Float64Array, total: number): number {
  if (total <= 0) return 1;
  let entropy = 0;
  for (let h = 0; h < HOURS; h++) {
    const share = counts[h]! / total;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return entropy / Math.log(HOURS);
}

function pool(cells: ArrayLike<number>): Float64Array {
  const pooled = new Float64Array(CELLS);
  for (let hour = 0; hour < HOURS; hour++) {
    let weekday = 0;
    let weekend = 0;
    for (let i = hour; i < WEEKDAY_CELLS; i += HOURS) weekday += cells[i] ?? 0;
    for (let i = WEEKDAY_CELLS + hour; i < CELLS; i += HOURS) weekend += cells[i] ?? 0;
    for (let i = hour; i < CELLS; i += HOURS) {
      const mean = i < WEEKDAY_CELLS ? weekday / 5 : weekend / 2;
      pooled[i] = (1 - POOLED) * (cells[i] ?? 0) + POOLED * mean;
    }
  }
  return pooled;
}

function smooth(cells: Float64Array): Float64Array {
  const smoothed = new Float64Array(CELLS);
  for (let i = 0; i < CELLS; i++) {
    const sides = cells[(i + CELLS - 1) % CELLS]! + cells[(i + 1) % CELLS]!;
    smoothed[i] = KERNEL_MIDDLE * cells[i]! + KERNEL_SIDE * sides;
  }
  return smoothed;
}

function tailsOf(mass: Float64Array, total: number): Float64Array {
  const scale = 1 / (total + PSEUDO_COUNT);
  for (let i = 0; i < CELLS; i++) mass[i] = (mass[i]! + PSEUDO_COUNT / CELLS) * scale;
  const sorted = Float64Array.from(mass).sort();
  const tails = new Float64Array(CELLS);
  const sums = new Float64Array(CELLS);
  let sum = 0;
  for (let i = 0; i < CELLS; i++) {
    sum += sorted[i]!;
    sums[i] = sum;
  }
  for (let i = 0; i < CELLS; i++) tails[i] = Math.min(1, sums[lastNotAbove(sorted, mass[i]! * (1 + 1e-9))]!);
  return tails;
}

function lastNotAbove(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = CELLS - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
