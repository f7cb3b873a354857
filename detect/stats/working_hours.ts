const HOURS = 24;
const CELLS = 168;
const COVERED = 0.97;
const FIRST_OFFSET = -12;
const LAST_OFFSET = 14;
/** Offsets this near to the best one share so many hours with it that they do not speak against it. */
const NEAR_HOURS = 3;
/** Active hours at which half of the confidence is earned. */
const HALF_TRUST = 20;

/** WorkingHours is a window of local time, full hours; to <= from crosses midnight, and the day is the one it begins on. */
export interface WorkingHours {
  /** Monday first. */
  days: boolean[];
  from: number;
  /** 1..24, exclusive. */
  to: number;
}

/**
 * inferWorkingHours gives the smallest window (days x hours) that holds at least 97 % of the activity, from 168 cells of
 * local hours of week, Monday 0 h first. Without activity: every day, all day.
 */
export function inferWorkingHours(cells: ArrayLike<number>): WorkingHours {
  let best: WorkingHours = { days: Array<boolean>(7).fill(true), from: 0, to: HOURS };
  let bestSize = 7 * HOURS;
  let bestMass = 0;
  const total = sum(cells, CELLS);
  if (!(total > 0)) return best;
  const byDay = new Float64Array(7);
  for (let length = 1; length <= HOURS; length++) {
    for (let from = 0; from < HOURS; from++) {
      if (length === HOURS && from > 0) break;
      for (let day = 0; day < 7; day++) byDay[day] = windowMass(cells, day * HOURS + from, length);
      const picked = fewestDays(byDay, COVERED * total);
      const size = picked.count * length;
      if (picked.count === 0 || size > bestSize || (size === bestSize && picked.mass <= bestMass)) continue;
      bestSize = size;
      bestMass = picked.mass;
      best = { days: picked.days, from, to: from + length > HOURS ? from + length - HOURS : from + length };
    }
  }
  return best;
}

/**
 * inferZoneOffset gives the whole-hour offset from UTC under which the activity best fits 9-18 Mon-Fri, from 168 cells of
 * UTC hours of week. Offsets that fit equally well are halved. Confidence in [0, 1]: how far the next offset more than
 * 3 h away falls behind, times how much activity was seen (half at 20 cell-days).
 */
export function inferZoneOffset(cellsUtc: ArrayLike<number>): { offsetHours: number; confidence: number } {
  const total = sum(cellsUtc, CELLS);
  if (!(total > 0)) return { offsetHours: 0, confidence: 0 };
  const overlap: number[] = [];
  for (let offset = FIRST_OFFSET; offset <= LAST_OFFSET; offset++) overlap.push(officeShare(cellsUtc, offset) / total);
  const best = overlap.reduce((a, b) => Math.max(a, b), 0);
  const first = overlap.indexOf(best);
  let last = first;
  while (overlap[last + 1] === best) last++;
  const middle = Math.floor((first + last) / 2);
  let rival = 0;
  for (let i = 0; i < overlap.length; i++) {
    if (Math.abs(i - middle) > NEAR_HOURS) rival = Math.max(rival, overlap[i]!);
  }
  const lead = best > 0 ? (best - rival) / best : 0;
  return { offsetHours: FIRST_OFFSET + middle, confidence: Math.max(0, (lead * total) / (total + HALF_TRUST)) };
}

function officeShare(cellsUtc: ArrayLike<number>, offset: number): number {
  let mass = 0;
  for (let day = 0; day < 5; day++) {
    for (let hour = 9; hour < 18; hour++) mass += cellsUtc[(day * HOURS + hour - offset + CELLS) % CELLS] ?? 0;
  }
  return mass;
}

function fewestDays(byDay: Float64Array, need: number): { days: boolean[]; count: number; mass: number } {
  const days = Array<boolean>(7).fill(false);
  let mass = 0;
  let count = 0;
  while (mass < need && count < 7) {
    let most = -1;
    for (let day = 0; day < 7; day++) if (!days[day] && (most < 0 || byDay[day]! > byDay[most]!)) most = day;
    if (byDay[most]! <= 0) break;
    days[most] = true;
    mass += byDay[most]!;
    count++;
  }
  return mass >= need ? { days, count, mass } : { days, count: 0, mass: 0 };
}

function windowMass(cells: ArrayLike<number>, start: number, length: number): number {
  let mass = 0;
  for (let i = start; i < start + length; i++) mass += cells[i % CELLS] ?? 0;
  return mass;
}

function sum(cells: ArrayLike<number>, length: number): number {
  let total = 0;
  for (let i = 0; i < length; i++) total += cells[i] ?? 0;
  return total;
}
