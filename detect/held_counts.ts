import type { Hit } from "./detection.ts";
import { stillWaits } from "./holds.ts";
import { add, drop } from "./light_maps.ts";
import { megabytes, sealCount, sealObjects, unsealCount } from "./objects.ts";
import type { CallHistory, OpenDay, Pending, Profile, Sealed } from "./profile.ts";
import { observeDay, unlearn } from "./values.ts";
import { pendingKey, type View } from "./view.ts";
import { plural } from "./words.ts";

/*
 * A finding about a number keeps what its day counted out of the habits, as one about a value keeps the value out: until the like came on
 * as many distinct days, or a person said that it is harmless. A number has no name to know it by, so days that follow each other
 * within a week are one story, and after a longer rest another one begins.
 */

/** Calls by the quarter of an hour, distinct operations denied on a day, objects that were never read before, megabytes read. */
type CountName = "calls" | "operations" | "objects" | "bytes";
/** Those of whole days, to which late calls are not added. */
const DAILY: ReadonlySet<CountName> = new Set(["objects", "bytes"]);

const STORY_DAYS = 7;
/** Up to so many times what the story counted last is the same level. */
const SAME_LEVEL = 2;
/** Room for the names of denied operations that go with their number. */
const MAX_NAME_CHARS = 1_000;

const countKey = (name: CountName): string => pendingKey("count", name);

/** Counted tells how the counts of a day are read, learned, and taken back. */
interface Counted {
  of(day: OpenDay): number[];
  /** Gives the counts as taking back needs them. */
  learn(sealed: Sealed, counts: readonly number[]): number[];
  takeBack(sealed: Sealed, counts: readonly number[]): void;
}

const CALLS = ["windows", "n", "k", "nn", "kkn", "deniedSquares"] as const satisfies readonly (keyof CallHistory)[];

const counted: Record<CountName, Counted> = {
  calls: {
    of: ({ calls }) => CALLS.map((name) => calls[name]),
    learn({ calls }, counts) {
      for (const [i, name] of CALLS.entries()) calls[name] += counts[i]!;
      return [...counts];
    },
    takeBack({ calls }, counts) {
      for (const [i, name] of CALLS.entries()) calls[name] -= counts[i]!;
    },
  },
  operations: {
    of: ({ deniedOperations }) => [deniedOperations.size],
    learn({ deniedOperations }, [size = 0]) {
      const { most } = deniedOperations;
      deniedOperations.most = Math.max(most, size);
      if (size > 0) deniedOperations.days++;
      return [size, most];
    },
    takeBack({ deniedOperations }, [size = 0, before = 0]) {
      if (deniedOperations.most === size) deniedOperations.most = before;
      if (size > 0) deniedOperations.days--;
    },
  },
  objects: {
    of: ({ fresh }) => [fresh.size],
    learn({ objects }, counts) {
      sealCount(objects, counts[0]!);
      return [...counts];
    },
    takeBack: ({ objects }, counts) => unsealCount(objects, counts[0]!),
  },
  bytes: {
    of: ({ bytes }) => (bytes === null ? [] : [megabytes(bytes)]),
    learn({ bytes }, counts) {
      for (const count of counts) sealCount(bytes, count);
      return [...counts];
    },
    takeBack({ bytes }, counts) {
      for (const count of counts) unsealCount(bytes, count);
    },
  },
};
const names = Object.keys(counted) as CountName[];

/** beginStories lets go of what was told before, where this day tells it anew: goes before the day is noted. */
export function beginStories(profile: Profile, day: OpenDay): void {
  for (const name of names) {
    const key = countKey(name);
    const told = profile.pending.get(key);
    if (told === undefined || !day.holds.has(key)) continue;
    if (day.day > told.last && (told.verdict === "learned" || day.day - told.last > STORY_DAYS))
      profile.pending = drop(profile.pending, key);
  }
}

/** learnCounts adds the day's counts to the habits, or to what waits. Goes before the day's values are learned. */
export function learnCounts(profile: Profile, day: OpenDay, late: boolean): void {
  const { sealed } = profile;
  for (const name of names) {
    if (late && DAILY.has(name)) continue;
    const key = countKey(name);
    const pending = profile.pending.get(key);
    // The last quarter of an hour of a day is sealed after the day, and belongs to what was noted of it.
    const told = pending?.last === day.day ? pending : undefined;
    if (told !== undefined && stillWaits(told)) {
      keep(told, name, sealed, day);
      continue;
    }
    if (told !== undefined && told.verdict === undefined) profile.pending = drop(profile.pending, key);
    if (name === "objects") sealObjects(sealed.objects, day.fresh);
    else counted[name].learn(sealed, counted[name].of(day));
  }
}

/** keep has the newest day of a story stand for it. */
function keep(told: Pending, name: CountName, sealed: Sealed, day: OpenDay): void {
  const counts = counted[name].of(day);
  const rest = told.countedOn === day.day ? told.counts : undefined;
  told.counts = counts.map((n, i) => n + (rest?.[i] ?? 0));
  told.countedOn = day.day;
  if (name !== "operations") return;
  // What was denied must not be taken for what the key always did.
  const known = sealed.values.operation.values;
  const strange = [...day.deniedOperations.keys()].filter((operation) => !known.has(operation));
  told.operations = withinChars([...new Set([...(rest && told.operations ? told.operations : []), ...strange])].sort());
  day.unlearned = add(day.unlearned, "operation");
}

/** withinChars keeps names from the front while there is room. */
function withinChars(texts: readonly string[]): string[] {
  let chars = 0;
  return texts.filter((text) => {
    chars += text.length;
    return chars <= MAX_NAME_CHARS;
  });
}

/** settleCounts learns what a verdict lets go of; unsettleCounts takes that back. */
export function settleCounts({ sealed }: Profile, name: string, pending: Pending): void {
  if (pending.counts === undefined) return;
  pending.counts = counted[name as CountName].learn(sealed, pending.counts);
  for (const operation of pending.operations ?? []) observeDay(sealed.values.operation, operation, pending.last);
}
export function unsettleCounts({ sealed }: Profile, name: string, pending: Pending): void {
  if (pending.counts === undefined) return;
  counted[name as CountName].takeBack(sealed, pending.counts);
  for (const operation of pending.operations ?? []) unlearn(sealed.values.operation, operation);
}

/** levelOf reads a level off the counts of a day: of windows the root of the sum of squares, which one that stands out decides. */
export const levelOf = {
  deniedCalls: (counts: readonly number[]) => Math.sqrt(counts[CALLS.indexOf("deniedSquares")]!),
  calls: (counts: readonly number[]) => Math.sqrt(counts[CALLS.indexOf("nn")]!),
  total: (counts: readonly number[]) => counts[0]!,
};

/**
 * heldBack has a hit of medium or more keep its day's counts out of the habits. Where the days before brought the like and nobody said what
 * it is, it is no news; one that a person called a true positive is as loud each time.
 */
export function heldBack(
  hit: Hit,
  { profile, day }: View,
  held: readonly [CountName, ...CountName[]],
  level: (counts: readonly number[]) => number,
  observed: number,
): Hit {
  const holds = held.map((name) => ({ dimension: "count" as const, value: name }));
  const told = profile.pending.get(countKey(held[0]));
  if (told?.counts === undefined || told.verdict !== undefined || day.day <= told.last) return { ...hit, holds };
  if (day.day - told.last > STORY_DAYS || observed > SAME_LEVEL * level(told.counts)) return { ...hit, holds };
  const reason = `Reported before and not confirmed: the like on ${plural(told.days, "earlier day")}.`;
  // What came on so many of the last days is as likely on this one.
  const p = Math.max(hit.anomaly.p ?? 0, Math.min(1, told.days / (day.day - told.first)));
  return { ...hit, level: "low", reasons: [...hit.reasons, reason], anomaly: { ...hit.anomaly, p }, holds };
}
