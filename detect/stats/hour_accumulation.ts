/** Surprise that any hour brings by itself: -ln of a tail that means nothing is 1 on average. */
const USUAL_SURPRISE = 1;
/** Rarer hours than this are odd at all. */
const ODD_TAIL = 0.06;
const WINDOW_DAYS = 7;
/** Accumulated surprise below this is never a finding; about three hours with a tail of 5 %, or one of 1 in 1,000. */
const FLOOR = 6;
/** The same while the habits are young: there is less to hold an odd hour against. */
const YOUNG_FLOOR = 8;
const DEVIATIONS = 0.5;
/** Days of zero surprise that stand for a past not known yet. */
const PRIOR_DAYS = 10;
/** After a finding the subject's hours are silent so long: one odd week is told once. */
const QUIET_DAYS = 7;
/** The judged day must be odd itself; the days before it are not its fault. */
const MIN_SCORE = 1;
/** While the habits are young, the day itself must be as odd as one hour with a tail of 1 %. */
const YOUNG_MIN_SCORE = 3.5;
/** Odd hours of one day have one cause while the habits are young: those beside the oddest count for so much. */
const YOUNG_REST = 0.2;

/** HourMemory is the state of hourAccumulation: at most 7 active days (oldest first) and a summary of those before. */
export interface HourMemory {
  /** Day numbers; local or UTC, always the same. */
  days: readonly number[];
  /** Score of each of these days. */
  scores: readonly number[];
  /** Count, sum and sum of squares of the accumulated surprise over all sealed active days. */
  n: number;
  sum: number;
  sumSq: number;
  /** Day of the last finding. */
  fired: number | null;
}

export const noHourMemory: HourMemory = { days: [], scores: [], n: 0, sum: 0, sumSq: 0, fired: null };

export interface HourAccumulation {
  fires: boolean;
  accumulated: number;
  /** What `accumulated` has to exceed. */
  bound: number;
}

/**
 * hourAccumulation judges a day by the surprise of its hours and that of the six days before it, against the subject's
 * own past: accumulated > max(6, mean + 0.5 deviations). `score` is the dayScore of the day so far. More hours never take
 * a finding back. Days at or after the judged one are left out of the sum. `youth` is that of the habits.
 */
export function hourAccumulation(memory: HourMemory, day: number, score: number, youth = 0): HourAccumulation {
  const accumulated = score + recent(memory, day);
  const days = memory.n + PRIOR_DAYS;
  const mean = memory.sum / days;
  const deviation = Math.sqrt(Math.max(0, memory.sumSq / days - mean * mean));
  const floor = FLOOR + (YOUNG_FLOOR - FLOOR) * youth;
  const bound = Math.max(floor, mean + DEVIATIONS * deviation);
  const quiet = memory.fired !== null && day - memory.fired < QUIET_DAYS;
  const least = MIN_SCORE + (YOUNG_MIN_SCORE - MIN_SCORE) * youth;
  return { fires: accumulated > bound && score >= least && !quiet, accumulated, bound };
}

/** dayScore joins the hourExcess of the distinct hours of a day: their sum, or little more than the oddest while young. */
export function dayScore(excesses: readonly number[], youth = 0): number {
  let most = 0;
  let sum = 0;
  for (const excess of excesses) {
    most = Math.max(most, excess);
    sum += excess;
  }
  return most + (1 - (1 - YOUNG_REST) * youth) * (sum - most);
}

/** hourExcess is the surprise of one hour beyond what any hour brings: max(0, -ln tail - 1), and 0 above a tail of 6 %: the edges of a regular day are no surprise. */
export function hourExcess(tail: number): number {
  return tail > ODD_TAIL ? 0 : Math.max(0, -Math.log(tail) - USUAL_SURPRISE);
}

/** sealHourDay adds a whole active day, in order of days; `fired` says whether it gave a finding. */
export function sealHourDay(memory: HourMemory, day: number, score: number, fired: boolean): HourMemory {
  const accumulated = score + recent(memory, day);
  const kept = memory.days.findIndex((d) => d > day - WINDOW_DAYS);
  const from = kept < 0 ? memory.days.length : kept;
  return {
    days: [...memory.days.slice(from), day],
    scores: [...memory.scores.slice(from), score],
    n: memory.n + 1,
    sum: memory.sum + accumulated,
    sumSq: memory.sumSq + accumulated * accumulated,
    fired: fired ? day : memory.fired,
  };
}

function recent(memory: HourMemory, day: number): number {
  let sum = 0;
  for (let i = 0; i < memory.days.length; i++) {
    const past = memory.days[i]!;
    if (past > day - WINDOW_DAYS && past < day) sum += memory.scores[i]!;
  }
  return sum;
}
