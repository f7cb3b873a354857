import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseIPv4, parseIPv6 } from "../../schemas/network.ts";
import { type AsnTable, readAsnCache, writeAsnCache } from "./asn_cache.ts";
import { parseAsnCsv, sourceStamp } from "./asn_csv.ts";

/** AsnEntry is the network that announces an address and who runs it. */
export interface AsnEntry {
  asn: number;
  as_org: string | null;
}

/**
 * loadAsn gives the look-up of networks from @ip-location-db/asn (RouteViews and DB-IP, CC BY 4.0). The CSV is parsed once and kept in
 * binary form in the cache directory, which is renewed when the package changes; where it cannot be written the CSV is parsed at each start.
 */
export async function loadAsn(cacheDirectory?: string): Promise<(address: string) => AsnEntry | null> {
  const folder = dirname(createRequire(import.meta.url).resolve("@ip-location-db/asn/package.json"));
  const cache = join(cacheDirectory ?? join(folder, "..", "..", ".cache", "keywatch"), "asn.bin");
  const stamp = sourceStamp(folder);
  let table = readAsnCache(cache, stamp);
  if (!table) {
    table = parseAsnCsv(folder);
    writeAsnCache(cache, stamp, table);
  }
  return lookupIn(table);
}

function lookupIn(table: AsnTable): (address: string) => AsnEntry | null {
  const entry = (index: number): AsnEntry => {
    const name = table.names.toString("utf8", table.nameStarts[index]!, table.nameStarts[index + 1]!);
    return { asn: table.asns[index]!, as_org: name === "" ? null : name };
  };
  return (address) => {
    const v4 = parseIPv4(address);
    if (v4 >= 0) {
      const at = lastNotAbove(table.start4, 1, [v4]);
      return at >= 0 && v4 <= table.end4[at]! ? entry(table.entry4[at]!) : null;
    }
    const groups = parseIPv6(address);
    if (!groups) return null;
    const words = [0, 2, 4, 6].map((i) => groups[i]! * 2 ** 16 + groups[i + 1]!);
    const at = lastNotAbove(table.start6, 4, words);
    return at >= 0 && compare(table.end6, at * 4, words) >= 0 ? entry(table.entry6[at]!) : null;
  };
}

/** lastNotAbove finds the last of the sorted rows (`width` words each) that is not above the words, or -1. */
function lastNotAbove(rows: Uint32Array, width: number, words: readonly number[]): number {
  let low = 0;
  let high = rows.length / width;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(rows, middle * width, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function compare(rows: Uint32Array, at: number, words: readonly number[]): number {
  for (let k = 0; k < words.length; k++) {
    const difference = rows[at + k]! - words[k]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
