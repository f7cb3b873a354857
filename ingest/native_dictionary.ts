import type { ApiActivity } from "../schemas/activity.ts";
import { createRecent } from "./recent.ts";

/*
 * Texts that repeat travel as ClickHouse's LowCardinality: each different text once, and a number a row. The engine writes them out into the
 * plain columns of the table; a row is a third shorter on its way there.
 */

/** Serialisation version of the keys, and the flags "the keys are in this block" and "they are new". */
const VERSION = 1;
const FLAGS = 0x600;

export interface DictionaryColumn {
  add(events: readonly ApiActivity[]): void;
  parts(): Buffer[];
}

/**
 * dictionaryColumn gathers one text column; `encode` gives length and bytes of a text as a string of bytes. In a column that knows null
 * number 0 is null and 1 the empty text, as the engine has it; in another one 0 is the empty text.
 */
export function dictionaryColumn(
  get: (e: ApiActivity) => string | null,
  encode: (s: string) => string,
  nullable: boolean,
): DictionaryColumn {
  const recent = createRecent<number>(8, 128);
  const keys: string[] = nullable ? [encode(""), encode("")] : [encode("")];
  const pieces: Uint32Array[] = [];
  const places = new Map<string, number>([["", keys.length - 1]]);
  let last = "";
  let place = keys.length - 1;

  function placeOf(text: string): number {
    const near = recent.get(text);
    if (near !== undefined) return near;
    let at = places.get(text);
    if (at === undefined) {
      at = keys.length;
      keys.push(encode(text));
      places.set(text, at);
    }
    recent.set(text, at);
    return at;
  }

  return {
    add(events) {
      const indexes = new Uint32Array(events.length);
      // Kept in the loop, and null apart: then two texts are compared without a call.
      let [text, at] = [last, place];
      for (let i = 0; i < events.length; i++) {
        const value = get(events[i]!);
        if (value === null) continue;
        if (value !== text) {
          text = value;
          at = placeOf(value);
        }
        indexes[i] = at;
      }
      last = text;
      place = at;
      pieces.push(indexes);
    },
    parts() {
      const rows = pieces.reduce((n, p) => n + p.length, 0);
      const width = keys.length <= 256 ? 0 : keys.length <= 65_536 ? 1 : 2;
      const head = Buffer.alloc(24);
      head.writeUInt32LE(VERSION, 0);
      head.writeUInt32LE(FLAGS | width, 8);
      head.writeUInt32LE(keys.length, 16);
      const count = Buffer.alloc(8);
      count.writeUInt32LE(rows, 0);
      return [head, Buffer.from(keys.join(""), "latin1"), count, narrow(pieces, rows, width)];
    },
  };
}

function narrow(pieces: readonly Uint32Array[], rows: number, width: number): Buffer {
  const all = width === 0 ? new Uint8Array(rows) : width === 1 ? new Uint16Array(rows) : new Uint32Array(rows);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return Buffer.from(all.buffer, all.byteOffset, all.byteLength);
}
