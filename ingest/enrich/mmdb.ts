import { isDeepStrictEqual } from "node:util";
import { Reader, type Response } from "mmdb-lib";
import { parseMetadata } from "mmdb-lib/lib/metadata.js";
import { parseIPv4 } from "../../schemas/network.ts";
import type { AsnEntry } from "./asn.ts";
import { type Geo, nowhere } from "./geo.ts";

/** Mmdb is one file of the MaxMind DB format, whoever made it. */
export interface Mmdb {
  /** What its maker calls it, such as GeoLite2-City. */
  type: string;
  /** ms. */
  madeAt: number;
  onlyIPv4: boolean;
  look(address: string): Fields | null;
  /** The record of the network that the address lies in, and the length of its prefix. */
  lookNetwork(address: string): [record: unknown, bits: number];
}

type Fields = Record<string, unknown>;

const SEPARATOR_BYTES = 16;
const MAX_HEAD_BYTES = 128 * 1024;
/** Records that are kept decoded: few of them stand for most addresses. */
const MAX_DECODED = 10_000;

/** openMmdb reads the head of a file. Throws where it is none of the format, or not the whole of one. */
export function openMmdb(file: Buffer): Mmdb {
  let reader: Reader<Response>;
  try {
    reader = new Reader<Response>(file, { cache: decoded() });
  } catch (cause) {
    throw new Error("it is no file of the MaxMind DB format (.mmdb), or its end is missing", { cause });
  }
  const { metadata } = reader;
  if (!(metadata.nodeCount > 0) || metadata.searchTreeSize + SEPARATOR_BYTES >= file.length)
    throw new Error("a part of the file is missing");
  if (!endsWhole(file)) throw new Error("the end of the file is missing");
  const onlyIPv4 = metadata.ipVersion === 4;
  return {
    type: metadata.databaseType,
    madeAt: metadata.buildEpoch.getTime(),
    onlyIPv4,
    look: (address) => (onlyIPv4 && parseIPv4(address) < 0 ? null : (reader.get(address) as Fields | null)),
    lookNetwork: (address) => reader.getWithPrefixLength(address),
  };
}

/** The head stands at the end of the file, its texts last: where one is cut, whatever follows the file would become part of it. */
function endsWhole(file: Buffer): boolean {
  const end = file.subarray(-MAX_HEAD_BYTES);
  return isDeepStrictEqual(parseMetadata(end), parseMetadata(Buffer.concat([end, Buffer.alloc(256, "x")])));
}

function decoded() {
  let records = new Map<string | number, unknown>();
  return {
    get: (at: string | number) => records.get(at),
    set(at: string | number, record: unknown) {
      if (records.size >= MAX_DECODED) records = new Map();
      records.set(at, record);
    },
  };
}

/** geoOf reads a place as MaxMind and DB-IP write it (nested, names by language), or flat as others do. */
export function geoOf(record: Fields | null): Geo {
  if (record === null) return nowhere;
  const country = text(part(record, "country").iso_code) ?? text(record.country_code) ?? text(record.country);
  const location = part(record, "location");
  const lat = degrees(location.latitude ?? record.latitude);
  const lon = degrees(location.longitude ?? record.longitude);
  const [region] = Array.isArray(record.subdivisions) ? (record.subdivisions as Fields[]) : [];
  return {
    country: country !== null && /^[A-Z]{2}$/.test(country) ? country : null,
    region_geo: text(region?.iso_code),
    city: text(part(part(record, "city"), "names").en) ?? text(record.city),
    lat: lat !== null && lon !== null ? lat : null,
    lon: lat !== null && lon !== null ? lon : null,
  };
}

/** networkOf reads a network owner: MaxMind's names of the fields, or `asn: AS64500` with `as_name`. */
export function networkOf(record: Fields | null): AsnEntry | null {
  if (record === null) return null;
  const asn = Number(String(record.autonomous_system_number ?? record.asn ?? "").replace(/^AS/, ""));
  if (!Number.isInteger(asn) || asn <= 0) return null;
  return { asn, as_org: text(record.autonomous_system_organization) ?? text(record.as_name) };
}

const part = (record: Fields, name: string): Fields => {
  const value = record[name];
  return typeof value === "object" && value !== null ? (value as Fields) : {};
};
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const degrees = (value: unknown): number | null => {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Math.abs(number) <= 180 ? number : null;
};
