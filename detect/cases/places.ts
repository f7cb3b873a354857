import type { DetectEvent } from "../detection.ts";

type Place = Pick<
  DetectEvent,
  "src_kind" | "src_ip" | "src_net" | "asn" | "as_org" | "country" | "city" | "lat" | "lon" | "hosting"
>;

const town = (
  src_ip: string,
  src_net: string,
  asn: number,
  as_org: string,
  [country, city, lat, lon]: [string, string, number, number],
): Place => ({
  src_kind: "ip",
  src_ip,
  src_net,
  asn,
  as_org,
  country,
  city,
  lat,
  lon,
  hosting: as_org.includes("Hosting"),
});

const BERLIN: [string, string, number, number] = ["DE", "Berlin", 52.52, 13.405];
const nowhere = {
  src_net: null,
  asn: null,
  as_org: null,
  country: null,
  city: null,
  lat: null,
  lon: null,
  hosting: null,
};

/** places are where the calls of a case can come from; addresses are those of RFC 5737 and 3849. */
export const places: Record<string, Place> = {
  office: town("203.0.113.10", "203.0.113.0/24", 64_500, "Example Office", BERLIN),
  /** Another network of the same owner. */
  branch: town("2001:db8:1::7", "2001:db8:1::/48", 64_500, "Example Office", BERLIN),
  home: town("2001:db8:5::1", "2001:db8:5::/48", 64_520, "Example Home", BERLIN),
  hotel: town("192.0.2.20", "192.0.2.0/24", 64_541, "Example Hotel", ["PT", "Lisbon", 38.72, -9.14]),
  abroad: town("198.51.100.66", "198.51.100.0/24", 64_510, "Example Hosting", ["BR", "São Paulo", -23.55, -46.63]),
  cloud: town("2001:db8:c000::1", "2001:db8:c000::/48", 64_530, "Example Cloud Hosting", [
    "US",
    "Ashburn",
    39.04,
    -77.49,
  ]),
  service: { ...nowhere, src_kind: "service", src_ip: "ec2.amazonaws.com" },
  private: { ...nowhere, src_kind: "private", src_ip: "10.0.0.7" },
  none: { ...nowhere, src_kind: "none", src_ip: null },
};

export const placeFields = (name: string): Place => places[name]!;
