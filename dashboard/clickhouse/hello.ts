import type { Judged } from "./guard.ts";

/**
 * clickhouse-go, on which Grafana's data source stands, asks this first and reads the answer in the native framing of its own protocol version;
 * what it is told as revision() says how it reads everything after. The embedded engine writes Native in the oldest framing only, so that is
 * what the answer tells: revision 0.
 */
const HELLO = /^select displayname\(\), version\(\), revision\(\), timezone\(\)$/i;

export const isHello = ({ sql }: Judged, protocol: number, format: string): boolean =>
  protocol > 0 && format === "Native" && HELLO.test(sql.trim());

/** From this revision on each column says whether it is serialized in a way of its own. */
const WITH_CUSTOM_SERIALIZATION = 54_454;

/** helloBlock is the answer in the framing of the client's protocol version. */
export function helloBlock(protocol: number, version: string): Buffer {
  const text = (s: string): Buffer => Buffer.concat([Buffer.from([Buffer.byteLength(s)]), Buffer.from(s)]);
  const column = (name: string, type: string, value: Buffer): Buffer =>
    Buffer.concat([text(name), text(type), Buffer.from(protocol >= WITH_CUSTOM_SERIALIZATION ? [0] : []), value]);
  // Block info: field 1 is_overflows = 0, field 2 bucket_num = -1, end; then 4 columns of 1 row.
  const head = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 4, 1]);
  return Buffer.concat([
    head,
    column("displayName()", "String", text("keywatch")),
    column("version()", "String", text(version)),
    column("revision()", "UInt32", Buffer.alloc(4)),
    column("timezone()", "String", text("UTC")),
  ]);
}
