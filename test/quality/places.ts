import type { PlaceOverride } from "../../ingest/enrich/enrich.ts";
import type { Draws } from "./random.ts";

/** Network is where calls come from; all addresses are documentation ranges, and the bench says what they stand for. */
export interface Network {
  id: string;
  /** Addresses are drawn from it: `x` is a /48 of a wider one, `h` a host. */
  address(x: number, h: number): string;
  place: PlaceOverride;
}

const cities = {
  berlin: { country: "DE", city: "Berlin", lat: 52.52, lon: 13.4 },
  frankfurt: { country: "DE", city: "Frankfurt", lat: 50.11, lon: 8.68 },
  london: { country: "GB", city: "London", lat: 51.5, lon: -0.12 },
  dublin: { country: "IE", city: "Dublin", lat: 53.35, lon: -6.26 },
  newYork: { country: "US", city: "New York", lat: 40.71, lon: -74 },
  virginia: { country: "US", city: "Ashburn", lat: 39.04, lon: -77.49 },
  tokyo: { country: "JP", city: "Tokyo", lat: 35.68, lon: 139.65 },
  sydney: { country: "AU", city: "Sydney", lat: -33.87, lon: 151.2 },
  bengaluru: { country: "IN", city: "Bengaluru", lat: 12.97, lon: 77.59 },
  lisbon: { country: "PT", city: "Lisbon", lat: 38.72, lon: -9.14 },
  singapore: { country: "SG", city: "Singapore", lat: 1.35, lon: 103.8 },
  amsterdam: { country: "NL", city: "Amsterdam", lat: 52.37, lon: 4.9 },
  warsaw: { country: "PL", city: "Warsaw", lat: 52.23, lon: 21.01 },
  lagos: { country: "NG", city: "Lagos", lat: 6.52, lon: 3.38 },
  saoPaulo: { country: "BR", city: "Sao Paulo", lat: -23.55, lon: -46.63 },
} as const;
type City = keyof typeof cities;

const v4 = (id: string, net: string, city: City, asn: number, as_org: string, hosting: boolean): Network => ({
  id,
  address: (_x, h) => `${net}.${1 + (h % 250)}`,
  place: { cidr: `${net}.0/24`, ...cities[city], asn, as_org, hosting },
});

/** v6 is one /48 where bits is 48, and 2^(48 - bits) of them where it is less; `base` has 16 bits. */
function v6(
  id: string,
  base: number,
  bits: 36 | 40 | 44 | 48,
  city: City,
  asn: number,
  as_org: string,
  hosting: boolean,
): Network {
  const nets = 2 ** (48 - bits);
  const hex = (n: number) => n.toString(16);
  return {
    id,
    address: (x, h) => `2001:db8:${hex(base + (x % nets))}::${hex(1 + (h % 65_000))}`,
    place: { cidr: `2001:db8:${hex(base)}::/${bits}`, ...cities[city], asn, as_org, hosting },
  };
}

/** networks by id. Bases do not overlap: a /44 takes 16 of the 65,536, a /40 256, a /36 4,096. */
export const networks: readonly Network[] = [
  v4("office-berlin", "192.0.2", "berlin", 64_500, "Spree Telekom", false),
  v6("office-berlin-moved", 0x0110, 48, "berlin", 64_500, "Spree Telekom", false),
  v4("office-newyork", "203.0.113", "newYork", 64_501, "Hudson Fiber", false),
  v6("office-bengaluru", 0x0120, 48, "bengaluru", 64_502, "Kaveri Broadband", false),
  v6("office-tokyo", 0x0130, 48, "tokyo", 64_503, "Sumida Net", false),
  v6("office-sydney", 0x0140, 48, "sydney", 64_504, "Harbour Online", false),
  v4("datacentre", "198.51.100", "frankfurt", 64_510, "Main Colocation", true),
  v6("datacentre-moved", 0x0150, 48, "frankfurt", 64_511, "Taunus Hosting", true),
  v6("cloud-eu", 0xa000, 36, "frankfurt", 16_509, "Amazon.com", true),
  v6("cloud-eu-2", 0x9000, 40, "dublin", 14_618, "Amazon.com", true),
  v6("cloud-us", 0xb000, 36, "virginia", 16_509, "Amazon.com", true),
  v6("runners", 0xc000, 36, "virginia", 8_075, "Microsoft", true),
  v6("runners-eu", 0xd000, 36, "amsterdam", 8_075, "Microsoft", true),
  v6("vendor-a", 0x0200, 44, "virginia", 64_520, "Ledgerline SaaS", true),
  v6("vendor-b", 0x0210, 44, "dublin", 64_521, "Beacon Analytics", true),
  v6("home-de", 0x1000, 40, "berlin", 64_530, "Havel Kabel", false),
  v6("home-us", 0x1100, 40, "newYork", 64_531, "Catskill Cable", false),
  v6("home-in", 0x1200, 40, "bengaluru", 64_532, "Deccan Fiber", false),
  v6("home-jp", 0x1300, 40, "tokyo", 64_533, "Edo Hikari", false),
  v6("home-au", 0x1400, 40, "sydney", 64_534, "Coral NBN", false),
  v6("hotel-london", 0x1500, 44, "london", 64_540, "Thames Hospitality", false),
  v6("hotel-lisbon", 0x1510, 44, "lisbon", 64_541, "Tejo Guest Net", false),
  v6("hotel-singapore", 0x1520, 44, "singapore", 64_542, "Merlion Wireless", false),
  v6("hotel-newyork", 0x1530, 44, "newYork", 64_543, "Gotham Guest Net", false),
  v6("thief-amsterdam", 0xe000, 44, "amsterdam", 65_536, "Polder VPS", true),
  v6("thief-warsaw", 0xe010, 44, "warsaw", 65_537, "Wisla Servers", true),
  v6("thief-lagos", 0xe020, 44, "lagos", 65_538, "Lagoon Mobile", false),
  v6("thief-saopaulo", 0xe030, 44, "saoPaulo", 65_539, "Paulista Cabo", false),
  v6("thief-singapore", 0xe040, 44, "singapore", 65_540, "Strait Cloud", true),
  v6("thief-de", 0xe050, 44, "berlin", 65_541, "Panke DSL", false),
  v6("thief-us", 0xe060, 44, "newYork", 65_542, "Bronx Wireless", false),
  v6("thief-in", 0xe070, 44, "bengaluru", 65_543, "Nandi Mobile", false),
  v6("thief-jp", 0xe080, 44, "tokyo", 65_544, "Arakawa Mobile", false),
  v6("thief-au", 0xe090, 44, "sydney", 65_545, "Bondi Wireless", false),
];

const byId = new Map(networks.map((n) => [n.id, n]));

export function networkNamed(id: string): Network {
  const found = byId.get(id);
  if (!found) throw new Error(`There is no network ${id}.`);
  return found;
}

export const placeOverrides: readonly PlaceOverride[] = networks.map((n) => n.place);

/** anyAddress draws one address of a network. */
export const anyAddress = (id: string, r: Draws): string => networkNamed(id).address(r.int(4096), r.int(65_000));
