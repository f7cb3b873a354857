import { BlockList, isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { codeAt } from "./code_at.ts";

/** parseIPv4 gives the 32-bit number of a dotted address, or -1; stricter than inet_aton (no octal, no short forms). */
export function parseIPv4(text: string): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0, end = text.length; i < end; i++) {
    const c = codeAt(text, i);
    if (c === 46) {
      if (digits === 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
    } else if (c >= 48 && c <= 57) {
      if (digits > 0 && octet === 0) return -1;
      octet = octet * 10 + c - 48;
      if (++digits > 3 || octet > 255) return -1;
    } else return -1;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

/** parseIPv6 gives the 16 bytes of an address as eight 16-bit groups, or null. */
export function parseIPv6(text: string): number[] | null {
  const bare = text.includes("%") ? text.slice(0, text.indexOf("%")) : text;
  if (!isIPv6(bare)) return null;
  let body = bare;
  const lastColon = body.lastIndexOf(":");
  const tail = body.slice(lastColon + 1);
  if (tail.includes(".")) {
    const v4 = parseIPv4(tail);
    body = `${body.slice(0, lastColon + 1)}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`;
  }
  const [head = "", rest] = body.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = rest === undefined || rest === "" ? [] : rest.split(":");
  const gap = rest === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array<string>(gap).fill("0"), ...back].map((g) => Number.parseInt(g, 16));
  return groups.length === 8 ? groups : null;
}

/** isCidr accepts an address or an address with a prefix length that fits it. */
export function isCidr(text: string): boolean {
  const [address = "", bits, more] = text.split("/");
  if (more !== undefined) return false;
  const max = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  if (max < 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= max);
}

/** NetworkSet answers "is this address inside?" for a list of CIDRs and single addresses. */
export class NetworkSet {
  readonly #blocks = new BlockList();
  #empty = true;

  constructor(cidrs: Iterable<string>) {
    for (const cidr of cidrs) {
      this.#empty = false;
      const [address = "", bits] = cidr.split("/");
      const family = isIPv4(address) ? "ipv4" : "ipv6";
      this.#blocks.addSubnet(address, Number(bits ?? (family === "ipv4" ? 32 : 128)), family);
    }
  }

  has(address: string): boolean {
    if (this.#empty) return false;
    if (isIPv4(address)) return this.#blocks.check(address, "ipv4");
    return isIPv6(address) && this.#blocks.check(address, "ipv6");
  }
}

/** cidr is a zod field for one CIDR or address. */
export const cidr = z
  .string()
  .refine(isCidr, { error: (issue) => `"${String(issue.input)}" is no CIDR; write it like 203.0.113.0/24` });
