import type { SrcKind } from "../../schemas/activity.ts";
import { parseIPv4, parseIPv6 } from "../../schemas/network.ts";

export interface Address {
  src_kind: SrcKind;
  src_ip: string | null;
  src_net: string | null;
}

const MAX_TEXT = 253;
const MAX_LIST = 4096;
const none: Address = { src_kind: "none", src_ip: null, src_net: null };

/**
 * classify says what the text in a log's source field is. Addresses come back canonical (RFC 5952), without port, zone or brackets, IPv4 unwrapped from
 * IPv6; of a forwarded-for list the last public address counts. Documentation ranges count as public addresses; geography is not looked up for them.
 */
export function classify(source: string | null): Address {
  if (source === null) return none;
  if (source.includes(",")) return classify(lastPublic(source.slice(-MAX_LIST).split(",")));
  const text = (source.length > MAX_LIST ? source.slice(0, MAX_LIST) : source).trim();
  if (absent.has(text.toLowerCase())) return none;
  const bare = stripPort(text);
  const v4 = parseIPv4(bare);
  if (v4 >= 0) return fromIPv4(v4);
  if (bare.includes(":")) {
    const groups = parseIPv6(bare);
    if (groups) return fromIPv6(groups);
  }
  return fromName(bare.slice(0, MAX_TEXT));
}

/**
 * lastPublic picks of a forwarded-for list, or of a list of addresses like it, the last public one, else the last that says something:
 * whoever calls can write the first ones, and behind his own stand those of proxies of the house.
 */
export function lastPublic(list: readonly string[]): string | null {
  let last: string | null = null;
  for (const entry of list.toReversed()) {
    const { src_kind } = classify(entry);
    if (src_kind === "ip") return entry;
    if (src_kind !== "none") last ??= entry;
  }
  return last;
}

const absent = new Set([
  "",
  "-",
  "--",
  "...",
  "unknown",
  "none",
  "null",
  "nil",
  "undefined",
  "n/a",
  "na",
  "redacted",
  "[redacted]",
  "***",
  "anonymous",
]);

/** stripPort takes `1.2.3.4:80`, `[v6]:80`, `[v6]`, `host:80` and `1.2.3.4/32` down to the address. */
function stripPort(text: string): string {
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    return close > 0 ? text.slice(1, close) : text;
  }
  const colon = text.indexOf(":");
  if (colon > 0 && colon === text.lastIndexOf(":") && /^\d{1,5}$/.test(text.slice(colon + 1)))
    return text.slice(0, colon);
  return text.endsWith("/32") || text.endsWith("/128") ? text.slice(0, text.lastIndexOf("/")) : text;
}

/** Ranges by first address and prefix length, from the IANA special-purpose registry. */
const private4 = ranges4(
  "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 100.64.0.0/10 198.18.0.0/15 192.0.0.0/24",
);
const invalid4 = ranges4("0.0.0.0/8 224.0.0.0/3");
const documentation4 = ranges4("192.0.2.0/24 198.51.100.0/24 203.0.113.0/24");

function ranges4(text: string): [number, number][] {
  return text.split(" ").map((cidr) => {
    const [address = "", bits] = cidr.split("/");
    const start = parseIPv4(address);
    return [start, start + 2 ** (32 - Number(bits)) - 1];
  });
}

const within = (ranges: [number, number][], value: number): boolean =>
  ranges.some(([a, b]) => value >= a && value <= b);

function fromIPv4(value: number): Address {
  const a = Math.floor(value / 2 ** 24);
  const net = `${a}.${(value >>> 16) & 255}.${(value >>> 8) & 255}`;
  const src_ip = `${net}.${value & 255}`;
  if (within(invalid4, value)) return { src_kind: "invalid", src_ip, src_net: null };
  return { src_kind: within(private4, value) ? "private" : "ip", src_ip, src_net: `${net}.0/24` };
}

function fromIPv6(groups: number[]): Address {
  const [a = 0, b = 0] = groups;
  const low = groups[6]! * 2 ** 16 + groups[7]!;
  const zeros = (from: number, to: number): boolean => groups.slice(from, to).every((g) => g === 0);
  // IPv4-mapped ::ffff:0:0/96 and the NAT64 prefix 64:ff9b::/96 carry an IPv4 host.
  if ((zeros(0, 5) && groups[5] === 0xffff) || (a === 0x64 && b === 0xff9b && zeros(2, 6))) return fromIPv4(low);
  const src_ip = formatIPv6(groups);
  const src_net = `${formatIPv6([...groups.slice(0, 3), 0, 0, 0, 0, 0])}/48`;
  const loopback = zeros(0, 7) && groups[7] === 1;
  // fc00::/7 unique local, fe80::/10 link local, fec0::/10 the old site local.
  if (loopback || (a & 0xfe00) === 0xfc00 || (a & 0xff80) === 0xfe80) return { src_kind: "private", src_ip, src_net };
  // 2000::/3 is all that was ever given out.
  if ((a & 0xe000) !== 0x2000) return { src_kind: "invalid", src_ip, src_net: null };
  return { src_kind: "ip", src_ip, src_net };
}

/** formatIPv6 writes eight groups as RFC 5952 wants: lower case, the first longest run of two or more zero groups as `::`. */
export function formatIPv6(groups: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) {
      start = i;
      length = run;
    }
    i += run;
  }
  const hex = groups.map((g) => g.toString(16));
  return start < 0 ? hex.join(":") : `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

const internalNames =
  /^(private|internal|localhost|gce-internal-ip|(aws|azure|google|gcp|amazon)[ -](internal|service)|unix:.*|@)$/i;
const internalSuffix = /\.(internal|local|localdomain|lan|svc)$/i;
const hostName = /^(?=.*[a-z])[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

function fromName(text: string): Address {
  if (internalNames.test(text) || internalSuffix.test(text))
    return { src_kind: "internal", src_ip: text, src_net: null };
  if (hostName.test(text)) return { src_kind: "service", src_ip: text.toLowerCase(), src_net: null };
  return { src_kind: "invalid", src_ip: text, src_net: null };
}

/** isDocumentation tells the ranges of RFC 5737, 3849 and 9637, for which every geography would be a guess. Takes canonical text. */
export function isDocumentation(address: string): boolean {
  const v4 = parseIPv4(address);
  if (v4 >= 0) return within(documentation4, v4);
  return address.startsWith("2001:db8:") || /^3fff:(?:[0-9a-f]{1,3}:|:)/.test(address);
}
