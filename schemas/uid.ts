import { hash as digestOf } from "node:crypto";

/** keywatch's own UUIDv5 name space: every deterministic uid is drawn under it. */
const NAMESPACE = Buffer.from("6f1b6c5e0d6a5a0f9a3b2f0c7a1e4d58", "hex");

/** Fourth group: two bits are fixed. */
const VARIANTS = "89ab";

/**
 * uuid5 gives the name-based UUID (RFC 9562, version 5) of the parts.
 * Parts are joined with U+001F, which no identifier of ours holds, so ("a","bc") and ("ab","c") differ.
 */
export function uuid5(...parts: (string | number)[]): string {
  const name = Buffer.from(parts.join("\u001f"));
  // As text: a buffer of its own for 20 bytes doubles the time.
  const hex = digestOf("sha1", Buffer.concat([NAMESPACE, name]), "hex");
  const variant = VARIANTS[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
