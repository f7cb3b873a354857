/** Mean radius of the earth in km (IUGG R1). */
const EARTH_KM = 6371.0088;
const RADIANS = Math.PI / 180;

/** haversine gives the great-circle distance in km between two points in degrees. */
export function haversine(latitude1: number, longitude1: number, latitude2: number, longitude2: number): number {
  const sinLatitude = Math.sin(((latitude2 - latitude1) * RADIANS) / 2);
  const sinLongitude = Math.sin(((longitude2 - longitude1) * RADIANS) / 2);
  const cosines = Math.cos(latitude1 * RADIANS) * Math.cos(latitude2 * RADIANS);
  const h = sinLatitude * sinLatitude + cosines * sinLongitude * sinLongitude;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, h)));
}
