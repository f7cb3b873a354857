import { codeAt } from "../schemas/code_at.ts";
import type { LightSet } from "./light_maps.ts";

/** Slots of the memory of objects: 512 bytes a subject. */
const SLOTS = 4096;
/** Above this share of slots a new object is likely to fall on a known one, and the memory says nothing. */
const MAX_FILL = 0.6;
/** Slots of one day that are kept apart. */
export const MAX_FRESH = 2048;
/** Weight that an active day keeps with each later one. */
const FADE = 0.95;

/** ObjectMemory is a bitmap of the objects that a subject ever read (a hash each), and how many new ones a day brings. */
export interface ObjectMemory {
  /** Empty until the first object. */
  bits: Uint8Array;
  filled: number;
  /** Active days, new objects of a day and their squares, fading. */
  days: number;
  sum: number;
  sumSq: number;
}

export const emptyObjects = (): ObjectMemory => ({ bits: new Uint8Array(0), filled: 0, days: 0, sum: 0, sumSq: 0 });

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

/** countObjects learns that a day brought so many new objects; uncountObjects takes that back, as if it had been the last day. */
export function countObjects(memory: ObjectMemory, fresh: number): void {
  memory.days = round(FADE * memory.days + 1);
  memory.sum = round(FADE * memory.sum + fresh);
  memory.sumSq = round(FADE * memory.sumSq + fresh * fresh);
}
export function uncountObjects(memory: ObjectMemory, fresh: number): void {
  memory.days = round(Math.max(0, memory.days - 1) / FADE);
  memory.sum = round(Math.max(0, memory.sum - fresh) / FADE);
  memory.sumSq = round(Math.max(0, memory.sumSq - fresh * fresh) / FADE);
}

/** sealObjects learns the new objects of a day. */
export function sealObjects(memory: ObjectMemory, fresh: LightSet<number>): void {
  countObjects(memory, fresh.size);
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
