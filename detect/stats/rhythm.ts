import { MINUTE_MS } from "../../schemas/duration.ts";

/** A source is asked for each quarter of an hour whether it spoke; slots are numbered from the epoch. */
export const SLOT_MS = 15 * MINUTE_MS;
export const slotOf = (time: number): number => Math.floor(time / SLOT_MS);
const SLOTS_OF_DAY = 96;
const CELLS = 168;
/** Quarters of an hour behind a cell; beyond it the past fades: eight weeks. */
const MAX_SEEN = 32;

/** Rhythm holds, for each hour of the week (UTC), in how many of its quarters a source was watched, and in how many it spoke. */
export interface Rhythm {
  watched: number[];
  spoke: number[];
}

export const newRhythm = (): Rhythm => ({
  watched: new Array<number>(CELLS).fill(0),
  spoke: new Array<number>(CELLS).fill(0),
});

const cellOf = (slot: number): number => Math.floor(slot / 4) % CELLS;

/** learnSlot notes whether the source spoke in a quarter of an hour. */
export function learnSlot(rhythm: Rhythm, slot: number, spoke: boolean): void {
  const cell = cellOf(slot);
  if (rhythm.watched[cell]! >= MAX_SEEN) {
    const fade = (MAX_SEEN - 4) / rhythm.watched[cell]!;
    rhythm.watched[cell] = MAX_SEEN - 4;
    // Two decimals are more than it can use, and keep the stored state small.
    rhythm.spoke[cell] = Math.round(rhythm.spoke[cell]! * fade * 100) / 100;
  }
  rhythm.watched[cell]!++;
  if (spoke) rhythm.spoke[cell]!++;
}

/** chanceOf is how likely the source speaks in a quarter of an hour; an hour in which it never did counts as one of rest. */
export function chanceOf(rhythm: Rhythm, slot: number): number {
  const cell = cellOf(slot);
  return rhythm.spoke[cell]! / (rhythm.watched[cell]! + 1);
}

/** Below this chance a quarter of an hour is one of rest, and four hours of them in a row are a rest. */
const REST_CHANCE = 0.05;
const REST_SLOTS = 16;
/** A source that rests may have a day off, such as a public holiday, and two in a row: a whole one is no rarer than 1 in 500. */
const DAY_OFF_NATS = Math.log(500);

/** Quiet is a silence as far as it has come. */
export interface Quiet {
  slots: number;
  /** Quarters of an hour in which the source would have spoken. */
  expected: number;
  /** -ln of the probability of the silence: quarters of an hour are taken as independent, days off are not. */
  nats: number;
  /** Slots of rest in a row. */
  resting: number;
  /** Since a rest: when the day began, in slots, and what it counts so far; null where the source did not rest since it spoke. */
  day: { slots: number; nats: number } | null;
}

export const newQuiet = (): Quiet => ({ slots: 0, expected: 0, nats: 0, resting: 0, day: null });

/** lengthen adds a quarter of an hour without a word. */
export function lengthen(quiet: Quiet, rhythm: Rhythm, slot: number): void {
  const chance = chanceOf(rhythm, slot);
  quiet.slots++;
  quiet.expected += chance;
  quiet.resting = chance < REST_CHANCE ? quiet.resting + 1 : 0;
  if (quiet.resting >= REST_SLOTS) quiet.day ??= { slots: 0, nats: 0 };
  const nats = -Math.log1p(-chance);
  if (quiet.day === null) {
    quiet.nats += nats;
    return;
  }
  const { day } = quiet;
  if (day.slots === SLOTS_OF_DAY) quiet.day = { slots: 0, nats: 0 };
  const counted = Math.min(nats, DAY_OFF_NATS - quiet.day.nats);
  quiet.day.slots++;
  quiet.day.nats += counted;
  quiet.nats += counted;
}
