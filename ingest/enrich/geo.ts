import { createRequire } from "node:module";

/** Geo is what the city database tells of a public address; what it does not know is null. Degrees. */
export interface Geo {
  country: string | null;
  region_geo: string | null;
  city: string | null;
  lat: number | null;
  lon: number | null;
}

export const nowhere: Geo = Object.freeze({ country: null, region_geo: null, city: null, lat: null, lon: null });

/**
 * loadGeo loads geoip-lite (70 ms, 150 MB) and gives the look-up. It answers for any address, private and documentation ones too:
 * the caller asks for public ones only.
 */
export async function loadGeo(): Promise<(address: string) => Geo> {
  const geoip = createRequire(import.meta.url)("geoip-lite") as typeof import("geoip-lite");
  return (address) => {
    const found = geoip.lookup(address);
    if (!found) return nowhere;
    const [lat, lon] = found.ll ?? [];
    const placed = typeof lat === "number" && typeof lon === "number";
    return {
      country: found.country || null,
      region_geo: found.region || null,
      city: found.city || null,
      lat: placed ? lat : null,
      lon: placed ? lon : null,
    };
  };
}
