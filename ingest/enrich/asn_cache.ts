import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";

/** AsnTable holds the ranges by family, sorted; an entry is a network number and its name (bytes nameStarts[i]..nameStarts[i+1] of names). */
export interface AsnTable {
  start4: Uint32Array;
  end4: Uint32Array;
  entry4: Uint32Array;
  /** Four words to an address. */
  start6: Uint32Array;
  end6: Uint32Array;
  entry6: Uint32Array;
  asns: Uint32Array;
  nameStarts: Uint32Array;
  names: Buffer;
}

const MAGIC = "keywatch-asn-1";
const columns = ["start4", "end4", "entry4", "start6", "end6", "entry6", "asns", "nameStarts"] as const;

interface Header {
  magic: string;
  stamp: string;
  crc: number;
  lengths: number[];
}

/** readAsnCache gives the table of a cache file made from this state of the source, or null where there is none that is whole. */
export function readAsnCache(path: string, stamp: string): AsnTable | null {
  try {
    const file = readFileSync(path);
    const bodyAt = file.readUInt32LE(0);
    const header = JSON.parse(file.toString("utf8", 4, file.indexOf(10, 4))) as Header;
    const body = file.subarray(bodyAt);
    if (header.magic !== MAGIC || header.stamp !== stamp || header.crc !== crc32(body)) return null;
    let at = file.byteOffset + bodyAt;
    const column = (i: number): Uint32Array => {
      const words = new Uint32Array(file.buffer, at, header.lengths[i]);
      at += words.byteLength;
      return words;
    };
    const [start4, end4, entry4, start6, end6, entry6, asns, nameStarts] = columns.map((_, i) => column(i)) as Columns;
    const names = Buffer.from(file.buffer, at, file.byteOffset + file.length - at);
    return { start4, end4, entry4, start6, end6, entry6, asns, nameStarts, names };
  } catch {
    return null;
  }
}

type Columns = [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** writeAsnCache writes beside the file and renames, so that a reader never meets half of it. Failure costs only the next start its time. */
export function writeAsnCache(path: string, stamp: string, table: AsnTable): void {
  const parts = columns.map((name) => Buffer.from(table[name].buffer, table[name].byteOffset, table[name].byteLength));
  const body = Buffer.concat([...parts, table.names]);
  const lengths = columns.map((name) => table[name].length);
  const head = Buffer.from(`${JSON.stringify({ magic: MAGIC, stamp, crc: crc32(body), lengths } satisfies Header)}\n`);
  const bodyAt = Math.ceil((4 + head.length) / 8) * 8;
  const front = Buffer.alloc(bodyAt);
  front.writeUInt32LE(bodyAt, 0);
  head.copy(front, 4);
  const temporary = `${path}.${randomUUID()}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, Buffer.concat([front, body]));
    renameSync(temporary, path);
  } catch {
    quietly(() => rmSync(temporary, { force: true }));
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // Nothing was written, or nothing can be done about it.
  }
}
