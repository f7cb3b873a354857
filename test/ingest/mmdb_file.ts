import { parseIPv4, parseIPv6 } from "../../schemas/network.ts";

/** A value of a record; numbers become uint32 where they are whole and not negative, doubles elsewhere. */
type Value = string | number | Value[] | { [name: string]: Value };

export interface MmdbFile {
  type: string;
  madeAt: number;
  ipVersion?: 4 | 6;
  /** Record by network. No network lies in another. */
  networks: Record<string, Value>;
}

type Node = [left: Node | Buffer | null, right: Node | Buffer | null];

/** mmdbFile writes a file after the public specification of the MaxMind DB format 2.0, with records of 24 bits. */
export function mmdbFile({ type, madeAt, ipVersion = 6, networks }: MmdbFile): Buffer {
  const root: Node = [null, null];
  const records: Buffer[] = [];
  const known = new Map<string, Buffer>();
  for (const [cidr, value] of Object.entries(networks)) {
    const text = JSON.stringify(value);
    let record = known.get(text);
    if (!record) {
      record = encode(value);
      known.set(text, record);
      records.push(record);
    }
    plant(root, bitsOf(cidr, ipVersion), record);
  }
  const offsets = new Map<Buffer, number>();
  let length = 0;
  for (const record of records) {
    offsets.set(record, length);
    length += record.length;
  }
  const nodes = numbered(root);
  const tree = Buffer.alloc(nodes.size * 6);
  for (const [node, number] of nodes) {
    node.forEach((side, i) => {
      const points = Buffer.isBuffer(side)
        ? nodes.size + 16 + offsets.get(side)!
        : ((side && nodes.get(side)) ?? nodes.size);
      tree.writeUIntBE(points, number * 6 + i * 3, 3);
    });
  }
  const metadata = {
    node_count: nodes.size,
    record_size: 24,
    ip_version: ipVersion,
    database_type: type,
    languages: ["en"],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Math.floor(madeAt / 1000),
    description: { en: "written by a test" },
  };
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from("MaxMind.com")]);
  return Buffer.concat([tree, Buffer.alloc(16), ...records, marker, encode(metadata)]);
}

function bitsOf(cidr: string, ipVersion: 4 | 6): string {
  const [address = "", bits] = cidr.split("/");
  const v4 = parseIPv4(address);
  if (v4 < 0) {
    const groups = parseIPv6(address)!;
    return groups
      .map((g) => g.toString(2).padStart(16, "0"))
      .join("")
      .slice(0, Number(bits ?? 128));
  }
  const own = v4
    .toString(2)
    .padStart(32, "0")
    .slice(0, Number(bits ?? 32));
  return ipVersion === 4 ? own : "0".repeat(96) + own;
}

function plant(root: Node, bits: string, record: Buffer): void {
  let node = root;
  for (const [i, bit] of [...bits].entries()) {
    const side = Number(bit);
    if (i === bits.length - 1) node[side] = record;
    else {
      node[side] ??= [null, null];
      node = node[side] as Node;
    }
  }
}

function numbered(root: Node): Map<Node, number> {
  const nodes = new Map<Node, number>();
  const queue = [root];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    nodes.set(node, nodes.size);
    for (const side of node) if (Array.isArray(side)) queue.push(side);
  }
  return nodes;
}

function encode(value: Value): Buffer {
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    return Buffer.concat([head(2, bytes.length), bytes]);
  }
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([head(6, 4), bytes]);
  }
  if (typeof value === "number") {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([head(3, 8), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([head(7, entries.length), ...entries.flatMap(([name, v]) => [encode(name), encode(v)])]);
}

/** Types above 7 have a byte of their own; sizes from 29 on too. */
function head(type: number, size: number): Buffer {
  const long = size >= 29;
  const bytes = [((type > 7 ? 0 : type) << 5) | (long ? 29 : size)];
  if (type > 7) bytes.push(type - 7);
  if (long) bytes.push(size - 29);
  return Buffer.from(bytes);
}
