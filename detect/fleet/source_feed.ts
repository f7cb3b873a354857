import { DAY_MS } from "../../schemas/duration.ts";
import { learnSlot, lengthen, newQuiet, newRhythm, type Quiet, type Rhythm, SLOT_MS } from "../stats/rhythm.ts";

const SLOTS_OF_DAY = DAY_MS / SLOT_MS;
/** A source is known when every hour of the week was watched twice, and only a busy one has a rhythm that a silence can break. */
const MIN_HISTORY = 14 * SLOTS_OF_DAY;
const MIN_SPOKEN_A_DAY = 8;
/** -ln(1e-6): a silence must be rarer than one in a million, and twice as odd as the oddest of the last eight weeks. */
const MIN_NATS = Math.log(1e6);
const ODDER = 2;
const MEMORY = 56 * SLOTS_OF_DAY;
/** And an hour long. */
const MIN_SLOTS = 4;
/** So many told silences within three weeks are a new rhythm. */
const NEW_RHYTHM = 3;
const NEW_RHYTHM_SLOTS = 21 * SLOTS_OF_DAY;
const MAX_PAST = 32;
/** A told silence is told anew as it grows, so that it does not look over; after a month the source is given up. */
const GROWS = 6 * 4;
const GIVEN_UP = 30 * SLOTS_OF_DAY;

/** SourceFeed is what is known of one account of a provider; all places in time are slots. JSON as it is. */
export interface SourceFeed {
  provider: string;
  account: string | null;
  since: number;
  /** Slots in which it spoke, and those of them that are still open, out of order within lateness. */
  spoken: number;
  ahead: number[];
  /** The newest in which it spoke, and the newest that each engine told. */
  last: number;
  newest: [engine: string, slot: number][];
  /** The first that is not judged yet, and the first that is not learned yet. */
  open: number;
  unlearned: number;
  rhythm: Rhythm;
  quiet: Quiet;
  /** Silences that were not told: how odd each week's oddest was. */
  odd: [slot: number, nats: number][];
  /** Silences that were told, the newest last; null is the end of one that lasts. */
  told: [from: number, to: number | null][];
  /** It was heard as it spoke, not only out of files. */
  live: boolean;
}

/** Silence is a told silence as it stands; `now` is the first slot after it, or its present end. */
export interface Silence {
  from: number;
  now: number;
  over: boolean;
  quiet: Quiet;
  /** How odd it had to be. */
  need: number;
}

export const newSourceFeed = (provider: string, account: string | null, slot: number): SourceFeed => ({
  ...{ provider, account, since: slot, spoken: 0, ahead: [], last: slot - 1, newest: [], open: slot, unlearned: slot },
  ...{ rhythm: newRhythm(), quiet: newQuiet(), odd: [], told: [], live: false },
});

/** hear notes that it spoke in a slot, as an engine tells. What comes for one that was judged breaks a silence that nobody was told of: it delivers late. */
export function hear(feed: SourceFeed, slot: number, engine: string): void {
  const heard = feed.newest.find(([e]) => e === engine);
  if (heard === undefined) feed.newest.push([engine, slot]);
  else heard[1] = Math.max(heard[1], slot);
  if (slot >= feed.open) {
    if (!feed.ahead.includes(slot)) feed.ahead.push(slot);
  } else if (slot > feed.last) {
    feed.last = slot;
    if (silenceOf(feed) !== null) return;
    feed.quiet = newQuiet();
    feed.unlearned = feed.open;
  }
}

/** mend takes back what an event of a broken clock, years ahead of `now`, did to a stored feed: it goes on behind what it learned. */
export function mend(feed: SourceFeed, now: number): void {
  if (Math.max(feed.open, feed.last, ...feed.ahead, ...feed.newest.map(([, slot]) => slot)) <= now) return;
  feed.newest = feed.newest.filter(([, slot]) => slot <= now);
  feed.ahead = feed.ahead.filter((slot) => slot <= now);
  feed.last = Math.min(feed.last, now);
  if (feed.open <= now) return;
  feed.open = Math.min(now, Math.max(feed.unlearned, feed.last + 1));
  feed.unlearned = feed.open;
  feed.quiet = newQuiet();
}

/** newestOfAll gives the slot that every engine reached which has spoken of it and `counts`. */
export const newestOfAll = (feed: SourceFeed, counts: (engine: string) => boolean): number =>
  Math.min(...feed.newest.flatMap(([engine, slot]) => (counts(engine) ? slot : [])));

/** closeTo judges the slots before another, one after the other, and gives the silences that began, grew or ended. */
export function closeTo(feed: SourceFeed, until: number): Silence[] {
  const found: Silence[] = [];
  for (; feed.open < until; feed.open++) {
    const spoke = feed.ahead.indexOf(feed.open);
    const silence = spoke < 0 ? fallSilent(feed, feed.open) : speak(feed, feed.open);
    if (spoke >= 0) feed.ahead.splice(spoke, 1);
    if (silence !== null) found.push(silence);
  }
  return found;
}

/** silenceOf gives when the told silence began that still lasts; null where none does. */
export function silenceOf(feed: SourceFeed): number | null {
  const last = feed.told.at(-1);
  return last !== undefined && last[1] === null ? last[0] : null;
}

/** silentIn counts the ms between two moments that lie in told silences. */
export function silentIn(feed: SourceFeed, from: number, to: number): number {
  let ms = 0;
  for (const [start, end] of feed.told)
    ms += Math.max(0, Math.min(to, (end ?? feed.open) * SLOT_MS) - Math.max(from, start * SLOT_MS));
  return ms;
}

/** historyDays is how long it was watched before a silence. */
export const historyDays = (feed: SourceFeed, from: number): number => Math.floor((from - feed.since) / SLOTS_OF_DAY);

/** neededNats is how odd a silence has to be. */
function neededNats(feed: SourceFeed): number {
  const oddest = feed.odd.reduce((most, [slot, nats]) => (feed.open - slot > MEMORY ? most : Math.max(most, nats)), 0);
  return Math.max(MIN_NATS, ODDER * oddest);
}

function fallSilent(feed: SourceFeed, slot: number): Silence | null {
  const { quiet } = feed;
  lengthen(quiet, feed.rhythm, slot);
  const need = neededNats(feed);
  const from = silenceOf(feed);
  const at = { now: slot + 1, over: false, quiet: { ...quiet }, need };
  if (from !== null) return quiet.slots % GROWS === 0 && quiet.slots <= GIVEN_UP ? { from, ...at } : null;
  const start = slot + 1 - quiet.slots;
  const age = start - feed.since;
  if (age < MIN_HISTORY || feed.spoken * SLOTS_OF_DAY < MIN_SPOKEN_A_DAY * age) return null;
  if (quiet.slots < MIN_SLOTS || quiet.nats < need) return null;
  feed.told.push([start, null]);
  if (feed.told.length > MAX_PAST) feed.told.shift();
  return { from: start, ...at };
}

/** speak ends what was silent and learns it, unless it was told: a silent source is unknown, not at rest. */
function speak(feed: SourceFeed, slot: number): Silence | null {
  const { quiet } = feed;
  const need = neededNats(feed);
  const from = silenceOf(feed);
  const recent = feed.told.filter(([start]) => slot - start <= NEW_RHYTHM_SLOTS).length;
  if (from !== null) feed.told.at(-1)![1] = slot;
  if (from === null || recent >= NEW_RHYTHM) {
    for (let s = feed.unlearned; s < slot; s++) learnSlot(feed.rhythm, s, false);
    noteOdd(feed, slot, quiet.nats);
  }
  learnSlot(feed.rhythm, slot, true);
  feed.unlearned = slot + 1;
  feed.spoken++;
  feed.last = Math.max(feed.last, slot);
  feed.quiet = newQuiet();
  return from === null ? null : { from, now: slot, over: true, quiet, need };
}

function noteOdd(feed: SourceFeed, slot: number, nats: number): void {
  if (nats < 1) return;
  const week = Math.floor(slot / (7 * SLOTS_OF_DAY));
  const same = feed.odd.find(([s]) => Math.floor(s / (7 * SLOTS_OF_DAY)) === week);
  if (same === undefined) feed.odd.push([slot, nats]);
  else if (nats > same[1]) [same[0], same[1]] = [slot, nats];
  feed.odd = feed.odd.filter(([s]) => slot - s <= MEMORY);
}
