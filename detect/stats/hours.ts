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
/** Habits watched for so many days or less are young: weekends, holidays and late evenings were hardly seen. */
const YOUNG_DAYS = 90;
/** What a young habit takes from a kernel of 2 h deviation, from its class of days, and from all days. */
const YOUNG_WIDE = 0.5;
const YOUNG_POOLED = 0.2;
const YOUNG_ALL_DAYS = 0.25;
const WIDE = Array.from({ length: 13 }, (_, i) => Math.exp(-(((i - 6) / 2) ** 2) / 2));
const WIDE_SUM = WIDE.reduce((a, b) => a + b, 0);
/** While young, an hour is active when it was used on this share of the days of the busiest hour, and rest lasts so many hours. */
const YOUNG_ACTIVE_SHARE = 0.1;
const YOUNG_REST_HOURS = 5;

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
  /** How young the habit is, 0..1. */
  youth: number;
}

/** youthOf is 1 for habits watched for up to 90 days and falls with the square of their age: 0.25 after 180, 0.06 after a year. */
export const youthOf = (ageDays: number): number => Math.min(1, (YOUNG_DAYS / Math.max(1, ageDays)) ** 2);

/**
 * hourHabits learns when a subject works from 168 cells of distinct active days (local hour of week, Monday 0 h first).
 * Weekday and weekend cells are pooled at 50 %, smoothed by a circular kernel (.15, .70, .15) and given a pseudo-count
 * of 0.05 in all. Days, not events: one busy night must not become a habit. A young habit is smoothed more widely, as an
 * hour beside the known ones says little then. `ageDays` is how long the subject has been watched.
 */
export function hourHabits(cells: ArrayLike<number>, ageDays = Number.POSITIVE_INFINITY): HourHabits {
  const youth = youthOf(ageDays);
  const daily = new Float64Array(HOURS);
  let total = 0;
  for (let i = 0; i < CELLS; i++) {
    const count = cells[i] ?? 0;
    daily[i % HOURS]! += count;
    total += count;
  }
  const entropy = normalisedEntropy(daily, total);
  const even = total * ACTIVE_SHARE;
  const busiest = daily.reduce((a, b) => Math.max(a, b), 0);
  const floor = even + youth * (Math.min(even, YOUNG_ACTIVE_SHARE * busiest) - even);
  const active = Array.from(daily, (count) => count > 0 && count >= floor);
  const activeHours = active.filter(Boolean).length;
  const why = uninformative(total, entropy, activeHours, restHours(active) < YOUNG_REST_HOURS * youth);
  const pooled = pool(cells, youth);
  let tails: Float64Array | null = null;
  /** Only habits that say something are asked: the work is done when they are. */
  const tail = (cell: number): number => {
    tails ??= tailsOf(smooth(pooled, youth), total);
    return tails[cell] ?? 1;
  };
  return { informative: why === "", why, tail, entropy, activeHours, youth };
}

/** restHours is the longest run of hours without activity, around midnight too. */
function restHours(active: readonly boolean[]): number {
  let longest = 0;
  let run = 0;
  for (let h = 0; h < 2 * HOURS; h++) {
    run = active[h % HOURS] ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return Math.min(HOURS, longest);
}

/** fadeHours ages the cells in place by the days since they were last aged; half-life 270 days. Call it before a day is added. */
export function fadeHours(cells: { [cell: number]: number; readonly length: number }, days: number): void {
  if (!(days > 0)) return;
  const factor = 2 ** (-days / HALF_LIFE_DAYS);
  for (let i = 0; i < cells.length; i++) cells[i]! *= factor;
}

function uninformative(total: number, entropy: number, activeHours: number, restless: boolean): string {
  if (total <= 0) return "no activity yet";
  if (entropy >= MAX_ENTROPY) return `works round the clock (hour entropy ${entropy.toFixed(3)})`;
  if (activeHours >= MAX_ACTIVE_HOURS) return `active in ${activeHours} of 24 hours`;
  if (restless) return `never rests for ${YOUNG_REST_HOURS} hours`;
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

function pool(cells: ArrayLike<number>, youth: number): Float64Array {
  const pooledPart = POOLED + (1 - POOLED) * YOUNG_POOLED * youth;
  const allPart = YOUNG_ALL_DAYS * youth;
  const pooled = new Float64Array(CELLS);
  for (let hour = 0; hour < HOURS; hour++) {
    let weekday = 0;
    let weekend = 0;
    for (let i = hour; i < WEEKDAY_CELLS; i += HOURS) weekday += cells[i] ?? 0;
    for (let i = WEEKDAY_CELLS + hour; i < CELLS; i += HOURS) weekend += cells[i] ?? 0;
    for (let i = hour; i < CELLS; i += HOURS) {
      const mean = i < WEEKDAY_CELLS ? weekday / 5 : weekend / 2;
      const own = (1 - pooledPart) * (cells[i] ?? 0) + pooledPart * mean;
      pooled[i] = (1 - allPart) * own + (allPart * (weekday + weekend)) / 7;
    }
  }
  return pooled;
}

function smooth(cells: Float64Array, youth: number): Float64Array {
  const smoothed = new Float64Array(CELLS);
  const widePart = YOUNG_WIDE * youth;
  for (let i = 0; i < CELLS; i++) {
    const sides = cells[(i + CELLS - 1) % CELLS]! + cells[(i + 1) % CELLS]!;
    const narrow = KERNEL_MIDDLE * cells[i]! + KERNEL_SIDE * sides;
    let wide = 0;
    for (let k = 0; widePart > 0 && k < WIDE.length; k++) wide += WIDE[k]! * cells[(i + k - 6 + CELLS) % CELLS]!;
    smoothed[i] = (1 - widePart) * narrow + (widePart * wide) / WIDE_SUM;
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
