const P = process.env;
/** Surprise that every hour of the day brings by itself: -ln of a tail that means nothing has mean 1. */
const USUAL_SURPRISE = Number(P.K ?? 1);
const WINDOW_DAYS = Number(P.W ?? 7);
const FLOOR = Number(P.T ?? 8);
const DEVIATIONS = Number(P.Z ?? 1);
const PRIOR_DAYS = 10;
const QUIET_DAYS = Number(P.R ?? 7);

/** HourMemory is the bounded state of hourAccumulation: active days of the window (oldest first) and a summary of the past. */
export interface HourMemory {
  days: readonly number[];
  scores: readonly number[];
  /** Count, sum and sum of squares of the accumulated surprise over sealed active days. */
  n: number;
  sum: number;
  sumSq: number;
  /** Day of the last finding, or null. */
  fired: number | null;
}

export const noHourMemory: HourMemory = { days: [], scores: [], n: 0, sum: 0, sumSq: 0, fired: null };

export interface HourAccumulation {
  fires: boolean;
  accumulated: number;
  /** What `accumulated` has to exceed. */
  bound: number;
}

export function hourExcess(tail: number): number {
  return Math.max(0, -Math.log(tail) - USUAL_SURPRISE);
}

export function hourAccumulation(memory: HourMemory, day: number, score: number): HourAccumulation {
  const accumulated = score + recent(memory, day);
  const days = memory.n + PRIOR_DAYS;
  const mean = memory.sum / days;
  const deviation = Math.sqrt(Math.max(0, memory.sumSq / days - mean * mean));
  const bound = Math.max(FLOOR, mean + DEVIATIONS * deviation);
  const quiet = memory.fired !== null && day - memory.fired < QUIET_DAYS;
  return { fires: accumulated > bound && score >= 1 && !quiet, accumulated, bound };
}

export function sealHourDay(memory: HourMemory, day: number, score: number, fired: boolean): HourMemory {
  const accumulated = score + recent(memory, day);
  const days: number[] = [];
  const scores: number[] = [];
  for (let i = 0; i < memory.days.length; i++) {
    if (memory.days[i]! <= day - WINDOW_DAYS) continue;
    days.push(memory.days[i]!);
    scores.push(memory.scores[i]!);
  }
  days.push(day);
  scores.push(score);
  const { n, sum, sumSq } = memory;
  return {
    days,
    scores,
    n: n + 1,
    sum: sum + accumulated,
    sumSq: sumSq + accumulated * accumulated,
    fired: fired ? day : memory.fired,
  };
}

function recent(memory: HourMemory, day: number): number {
  let sum = 0;
  for (let i = 0; i < memory.days.length; i++) if (memory.days[i]! > day - WINDOW_DAYS) sum += memory.scores[i]!;
  return sum;
}
