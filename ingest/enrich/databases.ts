import { type AsnEntry, loadAsn } from "./asn.ts";
import { dataSets, readDataSet } from "./data_sets.ts";
import { type Geo, loadGeo } from "./geo.ts";
import { geoOf, type Mmdb, networkOf, openMmdb } from "./mmdb.ts";

export interface DatabaseOptions {
  /** Where the binary form of the network table is kept. */
  cacheDirectory?: string;
  /** Folder of the data that the operator loaded, which go before those that ship. */
  dataFolder?: string;
  /** Told in a sentence when loaded data cannot be used and those that ship stand in. */
  onFault?: (sentence: string) => void;
}

/** Databases are the two look-ups of an address: where it is, and whose network it is in. */
export interface Databases {
  geo: (address: string) => Geo;
  asn: (address: string) => AsnEntry | null;
}

/** loadDatabases takes the files that were loaded; what ships is not even opened where another stands for it. */
export async function loadDatabases(options: DatabaseOptions): Promise<Databases> {
  const city = loaded(options, "city");
  const owners = loaded(options, "asn");
  const [geo, asn] = await Promise.all([
    city ? (address: string) => geoOf(city.look(address)) : loadGeo(),
    owners ? (address: string) => networkOf(owners.look(address)) : loadAsn(options.cacheDirectory),
  ]);
  return { geo, asn };
}

function loaded({ dataFolder, onFault }: DatabaseOptions, kind: "city" | "asn"): Mmdb | null {
  if (dataFolder === undefined) return null;
  try {
    const set = dataSets(dataFolder).find((s) => s.kind === kind);
    return set === undefined ? null : openMmdb(readDataSet(dataFolder, set));
  } catch (error) {
    onFault?.(`The ${kind} data cannot be used and those that ship stand in: ${(error as Error).message}.`);
    return null;
  }
}
