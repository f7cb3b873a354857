import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { NetworkSet, parseIPv6 } from "../schemas/network.ts";

/** isPublicAddress is false for every address that is not on the open internet: loopback, private, link-local, metadata, documentation, multicast. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !NOT_PUBLIC.has(address);
  const groups = parseIPv6(address);
  if (groups === null) return false;
  const embedded = embeddedIPv4(groups);
  if (embedded !== null) return !NOT_PUBLIC.has(embedded);
  return !NOT_PUBLIC.has(address.split("%")[0]!);
}

/** embeddedIPv4 gives the IPv4 address inside a mapped, NAT64 or 6to4 address: the way round a list of IPv4 ranges. */
function embeddedIPv4(groups: number[]): string | null {
  const zero = (from: number, to: number) => groups.slice(from, to).every((g) => g === 0);
  const at = (i: number) => {
    const [high = 0, low = 0] = groups.slice(i, i + 2);
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  };
  if (zero(0, 5) && groups[5] === 0xffff) return at(6);
  if (groups[0] === 0x64 && groups[1] === 0xff9b && zero(2, 6)) return at(6);
  if (groups[0] === 0x2002) return at(1);
  return null;
}

/** IANA special-purpose registries (RFC 6890 and later). */
const NOT_PUBLIC = new NetworkSet([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "fc00::/7",
  "fe80::/9",
  "ff00::/8",
]);

/** PrivateAddress says that a name led to an address that may not be called. */
export class PrivateAddress extends Error {
  override name = "PrivateAddress";
}

/**
 * publicLookup resolves a name for the socket that is about to connect, and refuses addresses that are not public. It is
 * asked at connect time, so a name that changes its answer between a check and the call gains nothing.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, "");
    const bad = addresses.find((a) => !isPublicAddress(a.address));
    if (bad) return callback(new PrivateAddress(`${hostname} is not a public address`), "");
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    return first ? callback(null, first.address, first.family) : callback(new Error("no address"), "");
  });
};
