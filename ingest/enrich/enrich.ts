import type { ApiActivity } from "../../schemas/activity.ts";
import { isCidr, NetworkSet } from "../../schemas/network.ts";
import { createRecent } from "../recent.ts";
import { type Address, classify, isDocumentation } from "./address.ts";
import { type DatabaseOptions, type Databases, loadDatabases } from "./databases.ts";
import { nowhere } from "./geo.ts";
import { isHosting } from "./hosting.ts";

/** Place is all that keywatch can tell of where a call came from. Shared between events, and frozen. */
export type Place = Readonly<
  Pick<
    ApiActivity,
    "src_kind" | "src_ip" | "src_net" | "asn" | "as_org" | "country" | "region_geo" | "city" | "lat" | "lon" | "hosting"
  >
>;

/** PlaceOverride gives the addresses of a network a place of our own: the demo's and the tests' documentation ranges. */
export interface PlaceOverride {
  cidr: string;
  country?: string;
  city?: string;
  lat?: number;
  lon?: number;
  asn?: number;
  as_org?: string;
  hosting?: boolean;
}

export interface EnricherOptions extends DatabaseOptions {
  overrides?: readonly PlaceOverride[];
}

export type Enrich = (source: string | null) => Place;

const GENERATION = 65_536;
/** A longer text is classified anew each time, so that the cache cannot be filled with long ones. */
const MAX_CACHED_TEXT = 64;

/**
 * createEnricher loads the databases (about 0.2 s) and gives the function that places a source. Places are remembered by source text in two
 * generations of 65,536: an address that is seen again costs one look into a map.
 */
export async function createEnricher(options: EnricherOptions = {}): Promise<Enrich> {
  const databases = await loadDatabases(options);
  const overrides = prepareOverrides(options.overrides ?? []);
  let young = new Map<string | null, Place>();
  let old = new Map<string | null, Place>();
  const recent = createRecent<Place>(12, MAX_CACHED_TEXT);
  return (source) => {
    if (source === null) return remembered(source);
    let place = recent.get(source);
    if (place === undefined) {
      place = remembered(source);
      recent.set(source, place);
    }
    return place;
  };

  function remembered(source: string | null): Place {
    const known = young.get(source);
    if (known !== undefined) return known;
    const place = old.get(source) ?? Object.freeze(placeOf(classify(source), databases, overrides));
    if (source !== null && source.length > MAX_CACHED_TEXT) return place;
    if (young.size >= GENERATION) {
      old = young;
      young = new Map();
    }
    young.set(source, place);
    return place;
  }
}

function placeOf(address: Address, { geo, asn }: Databases, overrides: Override[]): Place {
  const ip = address.src_ip;
  const located = ip !== null && (address.src_kind === "ip" || address.src_kind === "private");
  const override = located ? overrides.find((o) => o.network.has(ip))?.place : undefined;
  const looked = located && address.src_kind === "ip" && !isDocumentation(ip);
  const { country, region_geo, city, lat, lon } = looked ? geo(ip) : nowhere;
  const network = looked ? asn(ip) : null;
  const number = override?.asn ?? network?.asn ?? null;
  const as_org = override?.as_org ?? network?.as_org ?? null;
  return {
    src_kind: address.src_kind,
    src_ip: ip,
    src_net: address.src_net,
    asn: number,
    as_org,
    country: override?.country ?? country,
    // The place of an override has no region: that of the database would belong to another city.
    region_geo: override?.country === undefined ? region_geo : null,
    city: override?.city ?? (override?.country === undefined ? city : null),
    lat: override?.lat ?? (override?.country === undefined ? lat : null),
    lon: override?.lon ?? (override?.country === undefined ? lon : null),
    hosting: override?.hosting ?? isHosting(number, as_org),
  };
}

interface Override {
  network: NetworkSet;
  place: PlaceOverride;
}

/** prepareOverrides puts the narrower networks first. */
function prepareOverrides(overrides: readonly PlaceOverride[]): Override[] {
  const bits = (cidr: string): number => Number(cidr.split("/")[1] ?? 128);
  for (const { cidr } of overrides)
    if (!isCidr(cidr)) throw new Error(`"${cidr}" is no CIDR; write it like 203.0.113.0/24`);
  return overrides
    .toSorted((a, b) => bits(b.cidr) - bits(a.cidr))
    .map((place) => ({ network: new NetworkSet([place.cidr]), place }));
}
