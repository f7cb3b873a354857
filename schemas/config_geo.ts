import { z } from "zod";
import { bytes } from "./bytes.ts";
import { duration } from "./duration.ts";

/** isWebAddress tells an address of the web from the path of a file. */
export const isWebAddress = (text: string): boolean => /^https?:\/\//i.test(text);

/** isSafeAddress is true for https, and for http that stays on this machine. */
export function isSafeAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return (
    url?.protocol === "https:" || (url?.protocol === "http:" && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname))
  );
}

/** A file, relative to the config, or an address of the web. */
const origin = z
  .string()
  .min(1)
  .refine((text) => !isWebAddress(text) || isSafeAddress(text), "must be a file or an https address");

/** geoConfig names where `keywatch update-geo` takes address data from. What is left out stays what ships. */
export const geoConfig = z.strictObject({
  /** Countries and cities, a MaxMind DB file (.mmdb). */
  city: origin.nullable().default(null),
  /** Network owners, a MaxMind DB file (.mmdb). */
  asn: origin.nullable().default(null),
  /** Published address ranges by a name of your own, for `allowed_networks` and exemptions of the inventory. */
  ranges: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]*$/, "small letters, digits, - and _"),
      z.union([origin.transform((one) => [one]), z.array(origin).min(1)]),
    )
    .default({}),
  /** `keywatch doctor` warns of data that are older. */
  max_age: duration.prefault("180d"),
  /** Of one file, unpacked. */
  max_size: bytes.prefault("512MiB"),
  /** For one download. */
  timeout: duration.prefault("10m"),
});
export type GeoConfig = z.infer<typeof geoConfig>;
