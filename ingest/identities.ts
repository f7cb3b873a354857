import type { ApiActivity } from "../schemas/activity.ts";

export type Identity = Pick<ApiActivity, "principal_uid" | "time" | "event_uid">;

/**
 * Identities holds the identities of the events of one block under hashes that were made unique, in flat arrays: a hundred thousand small
 * objects would be copied by every garbage collection.
 */
export interface Identities {
  /** Place of the identity under this hash, -1 where there is none. */
  find(hash: number): number;
  isTwin(place: number, event: Identity): boolean;
  /** Adds an identity under a hash that is not taken. */
  add(hash: number, event: Identity): void;
  readonly size: number;
  /** Forgets what was added since there were so many. */
  shrink(size: number): void;
  each(visit: (hash: number, time: number) => void): void;
}

const FIRST_SLOTS = 1 << 12;

export function createIdentities(): Identities {
  let slots = new Int32Array(FIRST_SLOTS).fill(-1);
  let hashes = new Float64Array(FIRST_SLOTS / 2);
  let times = new Float64Array(FIRST_SLOTS / 2);
  const uids: string[] = [];
  const principals: string[] = [];
  let size = 0;

  /** slotOf gives the slot that holds the hash, or the free one where it belongs. */
  function slotOf(hash: number): number {
    let i = hash % slots.length;
    for (;;) {
      const place = slots[i]!;
      if (place < 0 || hashes[place] === hash) return i;
      i = (i + 1) % slots.length;
    }
  }

  /** Half of the slots stay free. */
  function grow(): void {
    const more = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(2 * old.length);
      next.set(old);
      return next;
    };
    hashes = more(hashes);
    times = more(times);
    slots = new Int32Array(2 * slots.length).fill(-1);
    for (let place = 0; place < size; place++) slots[slotOf(hashes[place]!)] = place;
  }

  return {
    find: (hash) => slots[slotOf(hash)]!,
    isTwin: (place, event) =>
      uids[place] === event.event_uid && times[place] === event.time && principals[place] === event.principal_uid,
    add(hash, event) {
      if (size === hashes.length) grow();
      slots[slotOf(hash)] = size;
      hashes[size] = hash;
      times[size] = event.time;
      uids.push(event.event_uid);
      principals.push(event.principal_uid);
      size++;
    },
    get size() {
      return size;
    },
    shrink(to) {
      // The last ones first: no other identity went round one that is taken out.
      while (size > to) {
        size--;
        slots[slotOf(hashes[size]!)] = -1;
        uids.pop();
        principals.pop();
      }
    },
    each(visit) {
      for (let place = 0; place < size; place++) visit(hashes[place]!, times[place]!);
    },
  };
}
