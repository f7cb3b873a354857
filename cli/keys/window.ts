const SLOTS = 96;
/** What a window may leave out, share of the activity: stray calls. */
const STRAY = 0.01;
/** What a block apart from the main one may hold, and so is an exception rather than the rule. */
const EXCEPTION = 0.08;
/** Slots without activity that set a block apart. */
const APART = 6;

/** DayWindow is the part of the day in which a key works, in quarter hours of local time. */
export interface DayWindow {
  /** 0..95. */
  from: number;
  /** 1..96; from + length may pass midnight. */
  length: number;
  /** Shares of the activity left out, as [from, to) in full local hours, largest first. */
  exceptions: { from: number; to: number; share: number }[];
}

/**
 * dayWindow gives the shortest stretch of the day that holds all activity but 1 %. Where that stretch has a gap of 90 minutes, and what lies behind
 * the gap is at most 8 % (somebody works late now and then), the main block is the window and the rest are exceptions.
 */
export function dayWindow(counts: ArrayLike<number>): DayWindow | null {
  let total = 0;
  for (let i = 0; i < SLOTS; i++) total += counts[i] ?? 0;
  if (!(total > 0)) return null;
  const whole = shortest(counts, total * (1 - STRAY));
  const core = grow(counts, shortest(counts, total * (1 - EXCEPTION)));
  const inside = sumOf(counts, core.from, core.length);
  if (core.length + APART > whole.length || inside < total * (1 - EXCEPTION)) return { ...whole, exceptions: [] };
  return { ...core, exceptions: blocksOutside(counts, core, total) };
}

interface Arc {
  from: number;
  length: number;
}

function shortest(counts: ArrayLike<number>, need: number): Arc {
  let best: Arc = { from: 0, length: SLOTS };
  let bestMass = 0;
  for (let from = 0; from < SLOTS; from++) {
    let mass = 0;
    for (let length = 1; length <= best.length; length++) {
      mass += counts[(from + length - 1) % SLOTS] ?? 0;
      if (mass < need) continue;
      if (length < best.length || mass > bestMass) {
        best = { from, length };
        bestMass = mass;
      }
      break;
    }
  }
  return best;
}

/** grow takes in what touches the arc or lies behind a shorter pause. */
function grow(counts: ArrayLike<number>, arc: Arc): Arc {
  let { from, length } = arc;
  const stepsTo = (edge: number, direction: 1 | -1): number => {
    for (let step = 1; step <= APART; step++)
      if ((counts[(edge + direction * step + 2 * SLOTS) % SLOTS] ?? 0) > 0) return step;
    return 0;
  };
  while (length < SLOTS) {
    const right = stepsTo(from + length - 1, 1);
    const left = stepsTo(from, -1);
    if (right + left === 0) break;
    from = (from - left + SLOTS) % SLOTS;
    length += right + left;
  }
  return { from, length: Math.min(SLOTS, length) };
}

function blocksOutside(counts: ArrayLike<number>, core: Arc, total: number): DayWindow["exceptions"] {
  const blocks: DayWindow["exceptions"] = [];
  let open: { from: number; last: number; mass: number } | null = null;
  const close = () => {
    if (open)
      blocks.push({
        from: Math.floor(open.from / 4) % 24,
        to: (Math.floor(open.last / 4) % 24) + 1,
        share: open.mass / total,
      });
    open = null;
  };
  for (let slot = core.from + core.length; slot < core.from + SLOTS; slot++) {
    const mass = counts[slot % SLOTS] ?? 0;
    if (mass === 0) continue;
    if (open && slot - open.last > APART) close();
    open = open ? { from: open.from, last: slot, mass: open.mass + mass } : { from: slot, last: slot, mass };
  }
  close();
  return blocks.sort((a, b) => b.share - a.share);
}

function sumOf(counts: ArrayLike<number>, from: number, length: number): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += counts[i % SLOTS] ?? 0;
  return sum;
}
