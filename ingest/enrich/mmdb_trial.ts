import { formatIPv6 } from "./address.ts";
import { geoOf, type Mmdb, networkOf } from "./mmdb.ts";

/** Networks of each family that are read one after another: a small file is read as a whole. */
const MAX_WALKED = 20_000;
/** Addresses of each family that are looked up besides, spread over the whole of it. */
const SPREAD = 65_536n;

/** tryMmdb reads in a file and throws where it breaks, or knows nothing of the kind: countries, or network owners. */
export function tryMmdb(mmdb: Mmdb, kind: "city" | "asn"): void {
  let found = false;
  try {
    for (const record of trial(mmdb)) {
      if (typeof record !== "object") throw new Error("a record is no map");
      const fields = record as Parameters<typeof geoOf>[0];
      found ||= kind === "asn" ? networkOf(fields) !== null : geoOf(fields).country !== null;
    }
  } catch (cause) {
    throw new Error(`the file is damaged: reading in it failed (${(cause as Error).message})`, { cause });
  }
  if (found) return;
  const wanted = kind === "asn" ? "network owners, as a GeoLite2-ASN does" : "countries, as a GeoLite2-City does";
  throw new Error(`the file is a ${mmdb.type}, which does not tell ${wanted}`);
}

function* trial(mmdb: Mmdb): Generator<unknown> {
  yield* family(mmdb, { from: 0n, end: 1n << 32n, bits: 32, text: ipv4Text });
  // 2000::/3 is all that was ever given out.
  if (!mmdb.onlyIPv4) yield* family(mmdb, { from: 1n << 125n, end: 1n << 126n, bits: 128, text: ipv6Text });
}

interface Family {
  from: bigint;
  end: bigint;
  bits: number;
  text(address: bigint): string;
}

function* family(mmdb: Mmdb, { from, end, bits, text }: Family): Generator<unknown> {
  let at = from;
  for (let n = 0; n < MAX_WALKED && at < end; n++) {
    const [record, prefix] = mmdb.lookNetwork(text(at));
    if (record !== null) yield record;
    const size = 1n << BigInt(bits - prefix);
    at = (at / size + 1n) * size;
  }
  const step = (end - from) / SPREAD;
  for (let address = from; at < end && address < end; address += step) {
    const [record] = mmdb.lookNetwork(text(address));
    if (record !== null) yield record;
  }
}

const ipv4Text = (address: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");

const ipv6Text = (address: bigint): string =>
  formatIPv6([112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => Number((address >> shift) & 0xffffn)));
