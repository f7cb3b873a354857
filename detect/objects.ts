import { codeAt } from "../schemas/code_at.ts";
import type { LightSet } from "./light_maps.ts";

/** Slots of the memory of objects: 512 bytes a subject. */
const SLOTS = 4096;
/** Above this share of slots a new object is likely to fall on a known one, and the memory says nothing. */
const MAX_FILL = 0.6;
/** Slots of one day that are kept apart. */
export const MAX_FRESH = 2048;
/** Weight that a day keeps with each later one. */
const FADE = 0.95;

/** DayCounts is how much of something days bring: days, what they brought, and the squares, fading. */
export interface DayCounts {
  days: number;
  sum: number;
  sumSq: number;
}

export const noCounts = (): DayCounts => ({ days: 0, sum: 0, sumSq: 0 });

/** sealCount learns what a day brought; unsealCount takes that back, as if it had been the last day. */
export function sealCount(counts: DayCounts, count: number): void {
  counts.days = round(FADE * counts.days + 1);
  counts.sum = round(FADE * counts.sum + count);
  counts.sumSq = round(FADE * counts.sumSq + count * count);
}
export function unsealCount(counts: DayCounts, count: number): void {
  counts.days = round(Math.max(0, counts.days - 1) / FADE);
  counts.sum = round(Math.max(0, counts.sum - count) / FADE);
  counts.sumSq = round(Math.max(0, counts.sumSq - count * count) / FADE);
}

/** ObjectMemory is a bitmap of the objects that a subject ever read (a hash each), and how many new ones an active day brings. */
export interface ObjectMemory extends DayCounts {
  /** Empty until the first object. */
  bits: Uint8Array;
  filled: number;
}

export const emptyObjects = (): ObjectMemory => ({ bits: new Uint8Array(0), filled: 0, ...noCounts() });

/** megabytes is the unit in which bytes are counted. */
export const megabytes = (bytes: number): number => Math.floor(bytes / 1e6);

/** slotOf is the slot of an object: FNV-1a, the top bits folded in. */
export function slotOf(object: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0, end = object.length; i < end; i++) hash = Math.imul(hash ^ codeAt(object, i), 0x01000193);
  return ((hash >>> 16) ^ hash) & (SLOTS - 1);
}

export const hasObject = (memory: ObjectMemory, slot: number): boolean =>
  memory.bits.length > 0 && (memory.bits[slot >> 3]! & (1 << (slot & 7))) !== 0;

/** tellsObjects is false where so many objects were read that a new one cannot be told from an old one. */
export const tellsObjects = (memory: ObjectMemory): boolean => memory.filled < MAX_FILL * SLOTS;

/** sealObjects learns the new objects of a day. */
export function sealObjects(memory: ObjectMemory, fresh: LightSet<number>): void {
  sealCount(memory, fresh.size);
  if (fresh.size === 0) return;
  if (memory.bits.length === 0) memory.bits = new Uint8Array(SLOTS / 8);
  for (const slot of fresh) {
    const bit = 1 << (slot & 7);
    if ((memory.bits[slot >> 3]! & bit) === 0) memory.filled++;
    memory.bits[slot >> 3]! |= bit;
  }
}

/** slotsIn lists the slots that are filled; bitsOf is the way back. */
export function slotsIn({ bits }: ObjectMemory): number[] {
  const slots: number[] = [];
  for (let i = 0; i < bits.length; i++)
    for (let left = bits[i]!; left !== 0; left &= left - 1) slots.push(i * 8 + 31 - Math.clz32(left & -left));
  return slots;
}

export function bitsOf(slots: readonly number[]): Uint8Array {
  const bits = new Uint8Array(slots.length === 0 ? 0 : SLOTS / 8);
  for (const slot of slots) bits[slot >> 3]! |= 1 << (slot & 7);
  return bits;
}

const round = (n: number): number => Math.round(n * 100) / 100;
