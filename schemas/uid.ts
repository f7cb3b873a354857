import { hash as digestOf } from "node:crypto";

/** keywatch's own UUIDv5 name space: every deterministic uid is drawn under it. */
const NAMESPACE = Buffer.from("6f1b6c5e0d6a5a0f9a3b2f0c7a1e4d58", "hex");

/**
 * uuid5 gives the name-based UUID (RFC 9562, version 5) of the parts.
 * Parts are joined with U+001F, which no identifier of ours holds, so ("a","bc") and ("ab","c") differ.
 */
export function uuid5(...parts: (string | number)[]): string {
  const name = Buffer.from(parts.join("\u001f"));
  const hash = digestOf("sha1", Buffer.concat([NAMESPACE, name]), "buffer");
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
