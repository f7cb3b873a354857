import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AsnTable } from "./asn_cache.ts";

const FILE4 = "asn-ipv4-num.csv";
const FILE6 = "asn-ipv6.csv";

/** sourceStamp names this state of the source files: sizes and times of change. */
export function sourceStamp(folder: string): string {
  return [FILE4, FILE6]
    .map((file) => statSync(join(folder, file)))
    .map((s) => `${s.size}:${Math.trunc(s.mtimeMs)}`)
    .join(",");
}

/** parseAsnCsv reads both CSV files (start, end, AS number, organisation; sorted) into typed arrays, byte by byte: about half a second. */
export function parseAsnCsv(folder: string): AsnTable {
  const csv4 = readFileSync(join(folder, FILE4));
  const csv6 = readFileSync(join(folder, FILE6));
  const entries = new Interner();
  const rows4 = countLines(csv4);
  const start4 = new Uint32Array(rows4);
  const end4 = new Uint32Array(rows4);
  const entry4 = new Uint32Array(rows4);
  let used4 = 0;
  eachLine(csv4, (from, to) => {
    const a = csv4.indexOf(44, from);
    const b = csv4.indexOf(44, a + 1);
    if (a < 0 || b < 0 || b >= to) return;
    start4[used4] = decimal(csv4, from, a);
    end4[used4] = decimal(csv4, a + 1, b);
    entry4[used4++] = entries.of(csv4, b + 1, to);
  });
  const rows6 = countLines(csv6);
  const start6 = new Uint32Array(rows6 * 4);
  const end6 = new Uint32Array(rows6 * 4);
  const entry6 = new Uint32Array(rows6);
  let used6 = 0;
  eachLine(csv6, (from, to) => {
    const a = csv6.indexOf(44, from);
    const b = csv6.indexOf(44, a + 1);
    if (a < 0 || b < 0 || b >= to) return;
    hextets(csv6, from, a, start6, used6 * 4);
    hextets(csv6, a + 1, b, end6, used6 * 4);
    entry6[used6++] = entries.of(csv6, b + 1, to);
  });
  return {
    start4: start4.slice(0, used4),
    end4: end4.slice(0, used4),
    entry4: entry4.slice(0, used4),
    start6: start6.slice(0, used6 * 4),
    end6: end6.slice(0, used6 * 4),
    entry6: entry6.slice(0, used6),
    ...entries.table(),
  };
}

function countLines(csv: Buffer): number {
  let lines = 1;
  for (let at = csv.indexOf(10); at >= 0; at = csv.indexOf(10, at + 1)) lines++;
  return lines;
}

function eachLine(csv: Buffer, line: (from: number, to: number) => void): void {
  for (let from = 0; from < csv.length; ) {
    const next = csv.indexOf(10, from);
    const to = next < 0 ? csv.length : next;
    line(from, to > from && csv[to - 1] === 13 ? to - 1 : to);
    from = to + 1;
  }
}

function decimal(csv: Buffer, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + csv[i]! - 48;
  return value;
}

/** hextets writes an IPv6 address as four 32-bit words. */
function hextets(csv: Buffer, from: number, to: number, into: Uint32Array, at: number): void {
  const groups: number[] = [];
  let gap = -1;
  let value = -1;
  for (let i = from; i <= to; i++) {
    const c = i < to ? csv[i]! : 58;
    if (c === 58) {
      if (value >= 0) groups.push(value);
      else if (i < to && csv[i - 1] === 58 && i > from) gap = groups.length;
      value = -1;
    } else value = Math.max(value, 0) * 16 + (c <= 57 ? c - 48 : (c | 32) - 87);
  }
  if (gap >= 0) groups.splice(gap, 0, ...Array<number>(8 - groups.length).fill(0));
  for (let k = 0; k < 4; k++) into[at + k] = groups[2 * k]! * 2 ** 16 + groups[2 * k + 1]!;
}

/** Interner gives one index to each `number,name` pair; 80,000 pairs stand for half a million rows. */
class Interner {
  readonly #byText = new Map<string, number>();
  readonly #asns: number[] = [];
  readonly #names: string[] = [];

  of(csv: Buffer, from: number, to: number): number {
    const text = csv.toString("latin1", from, to);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const comma = text.indexOf(",");
    const raw = comma < 0 ? "" : Buffer.from(text.slice(comma + 1), "latin1").toString("utf8");
    this.#asns.push(Number(comma < 0 ? text : text.slice(0, comma)));
    this.#names.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    this.#byText.set(text, this.#names.length - 1);
    return this.#names.length - 1;
  }

  table(): Pick<AsnTable, "asns" | "names" | "nameStarts"> {
    const nameStarts = new Uint32Array(this.#names.length + 1);
    let at = 0;
    for (const [i, name] of this.#names.entries()) {
      at += Buffer.byteLength(name);
      nameStarts[i + 1] = at;
    }
    return { asns: Uint32Array.from(this.#asns), names: Buffer.from(this.#names.join("")), nameStarts };
  }
}
