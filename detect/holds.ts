import type { Habit } from "./detection.ts";
import { add, drop, type LightMap, put } from "./light_maps.ts";
import type { OpenDay, Pending, Profile } from "./profile.ts";
import { pendingKey } from "./view.ts";

/** Values of one dimension that one day holds back by name. */
const MAX_DAY_HOLDS = 64;
/** Findings that one held value remembers. */
const MAX_HOLDERS = 3;
/** Values that wait, per profile. */
const MAX_PENDING = 256;

/**
 * hold keeps a value of the day out of the baseline for so many distinct days. Of more than MAX_DAY_HOLDS in a dimension the smallest texts
 * are kept, whatever their order, and the dimension learns nothing new on this day: thousands of decoys do not make the one behind them known.
 */
export function hold(day: OpenDay, { dimension, value }: Habit, need: number, finding: string): void {
  const key = pendingKey(dimension, value);
  const before = day.holds.get(key);
  if (before === undefined && !hasRoom(day, dimension, key)) return;
  if (before === undefined || before < need) day.holds = put(day.holds, key, need);
  const by = day.heldBy.get(key) ?? [];
  if (by.includes(finding)) return;
  // Sorted, so that which ones are kept does not depend on the order of events.
  day.heldBy = put(day.heldBy, key, [...by, finding].sort().slice(0, MAX_HOLDERS));
}

function hasRoom(day: OpenDay, dimension: string, key: string): boolean {
  if (day.holds.size < MAX_DAY_HOLDS) return true;
  const prefix = pendingKey(dimension, "");
  let held = 0;
  let largest = "";
  for (const other of day.holds.keys()) {
    if (!other.startsWith(prefix)) continue;
    held++;
    if (other > largest) largest = other;
  }
  if (held < MAX_DAY_HOLDS) return true;
  day.unlearned = add(day.unlearned, dimension);
  if (key > largest) return false;
  day.holds = drop(day.holds, largest);
  day.heldBy = drop(day.heldBy, largest);
  return true;
}

/** isHeld tells whether the day keeps a value that is not known yet out of the baseline. */
export const isHeld = (day: OpenDay, dimension: Habit["dimension"], value: string): boolean =>
  day.holds.size > 0 && (day.unlearned.has(dimension) || day.holds.has(pendingKey(dimension, value)));

/** stillWaits tells whether something is not learned yet. A verdict goes before the days. */
export const stillWaits = ({ days, need, verdict }: Pending): boolean =>
  verdict === "never" || (verdict !== "learned" && days < need);

/** forgetPending drops what waits beyond MAX_PENDING: first what nobody judged and is no count, then the one seen longest ago, on the fewest days. */
export function forgetPending(profile: Profile): void {
  const over = profile.pending.size - MAX_PENDING;
  if (over <= 0) return;
  const weakest = [...profile.pending].sort(byWeakness).slice(0, over);
  profile.pending = weakest.reduce<LightMap<string, Pending>>((rest, [key]) => drop(rest, key), profile.pending);
}

const isKept = ({ verdict, counts }: Pending): boolean => verdict !== undefined || counts !== undefined;

const byWeakness = ([a, p]: [string, Pending], [b, q]: [string, Pending]): number =>
  Number(isKept(p)) - Number(isKept(q)) || p.last - q.last || p.days - q.days || (a < b ? -1 : 1);
