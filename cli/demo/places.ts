/** Place tells the enricher what a documentation range stands for in the demo. lat and lon are degrees. */
export interface Place {
  cidr: string;
  country: string;
  city: string;
  lat: number;
  lon: number;
  asn: number;
  as_org: string;
  hosting: boolean;
}

const berlin = { country: "DE", city: "Berlin", lat: 52.52, lon: 13.405 };
const frankfurt = { country: "DE", city: "Frankfurt am Main", lat: 50.11, lon: 8.68 };
const newYork = { country: "US", city: "New York", lat: 40.71, lon: -74.01 };
const london = { country: "GB", city: "London", lat: 51.51, lon: -0.13 };

/**
 * places maps every range the demo uses. Addresses are RFC 5737 and RFC 3849 documentation ranges, AS numbers RFC 5398 ones.
 * No two places share a /24 or /48, the level at which networks are learned.
 */
export const places: readonly Place[] = [
  { cidr: "203.0.113.0/24", ...berlin, asn: 64500, as_org: "Example Berlin Office", hosting: false },
  { cidr: "192.0.2.0/24", ...newYork, asn: 64503, as_org: "Example New York Office", hosting: false },
  { cidr: "198.51.100.0/24", ...frankfurt, asn: 64502, as_org: "Example Cloud Compute", hosting: true },
  {
    cidr: "2001:db8:c000::/36",
    country: "US",
    city: "Boydton",
    lat: 36.67,
    lon: -78.39,
    asn: 64501,
    as_org: "Example Hosted CI Runners",
    hosting: true,
  },
  { cidr: "2001:db8:100::/48", ...newYork, asn: 64504, as_org: "Example Broadband", hosting: false },
  { cidr: "2001:db8:200::/48", ...london, asn: 64505, as_org: "Example London Office", hosting: false },
  {
    cidr: "2001:db8:300::/48",
    country: "AU",
    city: "Sydney",
    lat: -33.87,
    lon: 151.21,
    asn: 64506,
    as_org: "Example Auditors",
    hosting: false,
  },
  {
    cidr: "2001:db8:400::/48",
    country: "IN",
    city: "Bengaluru",
    lat: 12.97,
    lon: 77.59,
    asn: 64507,
    as_org: "Example Support Centre",
    hosting: false,
  },
  {
    cidr: "2001:db8:6600::/48",
    country: "NL",
    city: "Amsterdam",
    lat: 52.37,
    lon: 4.9,
    asn: 64510,
    as_org: "Example Cheap Servers",
    hosting: true,
  },
  {
    cidr: "2001:db8:6700::/48",
    country: "BR",
    city: "São Paulo",
    lat: -23.55,
    lon: -46.63,
    asn: 64511,
    as_org: "Example Rented Hosts",
    hosting: true,
  },
];
