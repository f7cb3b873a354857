import type { ApiActivity } from "../schemas/activity.ts";
import { dictionaryColumn } from "./native_dictionary.ts";
import { createRecent } from "./recent.ts";

/*
 * The hot path writes ClickHouse's own column format, Native: a block is the number of columns and rows, then each column with its
 * name, its type and its values one after another. The engine copies it, where it would have to parse 43 fields of text a row.
 */

type NumberKind = "nullable_int32" | "nullable_uint32" | "nullable_float32" | "nullable_float64" | "nullable_bool";
type Kind = NumberKind | "string" | "long_string" | "nullable_string" | "time" | "uint64" | "strings";

/** A getter of its own per column lets V8 see a fixed property, where e[name] would be a look-up by name each time. */
type Column = { name: keyof ApiActivity } & (
  | { kind: "string" | "nullable_string"; get(e: ApiActivity): string | null; repeats?: true }
  | { kind: "long_string"; get(e: ApiActivity): string }
  | { kind: "strings"; get(e: ApiActivity): string[]; repeats?: true }
  | { kind: "time" | "uint64"; get(e: ApiActivity): number }
  | { kind: NumberKind; get(e: ApiActivity): number | boolean | null }
);

/** Columns of `events` in the order of the block. Texts that repeat a lot are encoded once. */
export const eventColumns: readonly Column[] = [
  { name: "event_uid", kind: "string", get: (e) => e.event_uid },
  { name: "provider", kind: "string", get: (e) => e.provider, repeats: true },
  { name: "account", kind: "nullable_string", get: (e) => e.account, repeats: true },
  { name: "time", kind: "time", get: (e) => e.time },
  { name: "ingested_at", kind: "time", get: (e) => e.ingested_at },
  { name: "seq", kind: "uint64", get: (e) => e.seq },
  { name: "key_uid", kind: "nullable_string", get: (e) => e.key_uid, repeats: true },
  { name: "key_hint", kind: "nullable_string", get: (e) => e.key_hint, repeats: true },
  { name: "key_type", kind: "string", get: (e) => e.key_type, repeats: true },
  { name: "subject_uid", kind: "string", get: (e) => e.subject_uid, repeats: true },
  { name: "session_uid", kind: "nullable_string", get: (e) => e.session_uid, repeats: true },
  { name: "session_kind", kind: "string", get: (e) => e.session_kind, repeats: true },
  { name: "principal_uid", kind: "string", get: (e) => e.principal_uid, repeats: true },
  { name: "principal", kind: "nullable_string", get: (e) => e.principal, repeats: true },
  { name: "principal_type", kind: "string", get: (e) => e.principal_type, repeats: true },
  { name: "operation", kind: "string", get: (e) => e.operation, repeats: true },
  { name: "service", kind: "nullable_string", get: (e) => e.service, repeats: true },
  { name: "verb_class", kind: "string", get: (e) => e.verb_class, repeats: true },
  { name: "outcome", kind: "string", get: (e) => e.outcome, repeats: true },
  { name: "error_code", kind: "nullable_string", get: (e) => e.error_code, repeats: true },
  { name: "status_code", kind: "nullable_int32", get: (e) => e.status_code },
  { name: "src_kind", kind: "string", get: (e) => e.src_kind, repeats: true },
  { name: "src_ip", kind: "nullable_string", get: (e) => e.src_ip, repeats: true },
  { name: "src_net", kind: "nullable_string", get: (e) => e.src_net, repeats: true },
  { name: "asn", kind: "nullable_uint32", get: (e) => e.asn },
  { name: "as_org", kind: "nullable_string", get: (e) => e.as_org, repeats: true },
  { name: "country", kind: "nullable_string", get: (e) => e.country, repeats: true },
  { name: "region_geo", kind: "nullable_string", get: (e) => e.region_geo, repeats: true },
  { name: "city", kind: "nullable_string", get: (e) => e.city, repeats: true },
  { name: "lat", kind: "nullable_float32", get: (e) => e.lat },
  { name: "lon", kind: "nullable_float32", get: (e) => e.lon },
  { name: "hosting", kind: "nullable_bool", get: (e) => e.hosting },
  { name: "vpc_endpoint", kind: "nullable_string", get: (e) => e.vpc_endpoint, repeats: true },
  { name: "user_agent", kind: "nullable_string", get: (e) => e.user_agent, repeats: true },
  { name: "user_agent_family", kind: "nullable_string", get: (e) => e.user_agent_family, repeats: true },
  { name: "region", kind: "nullable_string", get: (e) => e.region, repeats: true },
  { name: "resources", kind: "strings", get: (e) => e.resources },
  { name: "environment", kind: "nullable_string", get: (e) => e.environment, repeats: true },
  { name: "scopes", kind: "strings", get: (e) => e.scopes, repeats: true },
  { name: "bytes_out", kind: "nullable_float64", get: (e) => e.bytes_out },
  { name: "secrets", kind: "strings", get: (e) => e.secrets, repeats: true },
  { name: "raw", kind: "long_string", get: (e) => e.raw },
  { name: "position", kind: "string", get: (e) => e.position },
];

const TYPES: Record<Kind, string> = {
  string: "String",
  long_string: "String",
  nullable_string: "Nullable(String)",
  time: "DateTime64(3, 'UTC')",
  uint64: "UInt64",
  nullable_int32: "Nullable(Int32)",
  nullable_uint32: "Nullable(UInt32)",
  nullable_float32: "Nullable(Float32)",
  nullable_float64: "Nullable(Float64)",
  nullable_bool: "Nullable(Bool)",
  strings: "Array(String)",
};

/** EventBlock gathers events as bytes, column by column; the events themselves can be forgotten once they were added. */
export interface EventBlock {
  /** Adds some hundred events at once: their objects stay in the processor's cache over the columns, and their texts die young. */
  add(events: readonly ApiActivity[]): void;
  readonly rows: number;
  /** The whole block in the Native format, piece by piece. */
  bytes(): Buffer[];
}

export function createEventBlock(): EventBlock {
  const builders = eventColumns.map(builderOf);
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    add(events) {
      rows += events.length;
      for (const builder of builders) builder.add(events);
    },
    bytes() {
      const parts = [varint(eventColumns.length), varint(rows)];
      for (const [i, column] of eventColumns.entries()) {
        parts.push(Buffer.from(encode(column.name) + encode(typeOf(column)), "latin1"));
        for (const piece of builders[i]!.parts()) parts.push(piece);
      }
      return parts;
    },
  };
}

const typeOf = (column: Column): string => {
  const type = TYPES[column.kind];
  const texts = column.kind === "string" || column.kind === "nullable_string";
  return texts && column.repeats ? `LowCardinality(${type})` : type;
};

interface Builder {
  add(events: readonly ApiActivity[]): void;
  parts(): Buffer[];
}

type Getter<T> = (e: ApiActivity) => T;

function builderOf(column: Column): Builder {
  switch (column.kind) {
    case "long_string":
      return longTextColumn(column.get);
    case "string":
    case "nullable_string":
      return column.repeats
        ? dictionaryColumn(column.get, encode, column.kind === "nullable_string")
        : textColumn(column.get, encode, column.kind === "nullable_string");
    case "strings":
      return textsColumn(column.get, column.repeats ? known : encode);
    case "time":
    case "uint64":
      return wideColumn(column.get);
    default:
      return numberColumn(column.get, column.kind);
  }
}

function textColumn(get: Getter<string | null>, text: (s: string) => string, nullable: boolean): Builder {
  const pieces: Buffer[] = [];
  const nullPieces: Buffer[] = [];
  // Most columns repeat the value of the row before.
  let last: string | null = null;
  let encoded = EMPTY;
  return {
    add(events) {
      const nulls = nullable ? Buffer.alloc(events.length) : null;
      let joined = "";
      for (let i = 0; i < events.length; i++) {
        const value = get(events[i]!);
        if (value !== last) {
          last = value;
          encoded = value === null ? EMPTY : text(value);
        }
        if (value === null) nulls![i] = 1;
        joined += encoded;
      }
      if (nulls) nullPieces.push(nulls);
      pieces.push(Buffer.from(joined, "latin1"));
    },
    parts: () => [...nullPieces, ...pieces],
  };
}

const PIECE_BYTES = 1024 * 1024;
/** Bytes that a length may take. */
const LENGTH_BYTES = 5;

/** longTextColumn writes each text where it belongs: joining long ones would copy them once more. */
function longTextColumn(get: Getter<string>): Builder {
  const full: Buffer[] = [];
  let piece = Buffer.alloc(0);
  let used = 0;
  return {
    add(events) {
      for (let i = 0; i < events.length; i++) {
        const text = get(events[i]!);
        const bytes = Buffer.byteLength(text);
        if (used + bytes + LENGTH_BYTES > piece.length) {
          full.push(piece.subarray(0, used));
          piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes + LENGTH_BYTES));
          used = 0;
        }
        let rest = bytes;
        for (; rest >= 128; rest = Math.floor(rest / 128)) piece[used++] = (rest % 128) | 128;
        piece[used++] = rest;
        used += bytes === text.length ? piece.write(text, used, "latin1") : piece.write(text, used, "utf8");
      }
    },
    parts: () => [...full, piece.subarray(0, used)],
  };
}

function textsColumn(get: Getter<string[]>, text: (s: string) => string): Builder {
  const pieces: Buffer[] = [];
  const offsetPieces: Buffer[] = [];
  let count = 0;
  return {
    add(events) {
      const offsets = Buffer.alloc(8 * events.length);
      let joined = "";
      for (let i = 0; i < events.length; i++) {
        for (const value of get(events[i]!)) {
          joined += text(value);
          count++;
        }
        offsets.writeUInt32LE(count, 8 * i);
      }
      offsetPieces.push(offsets);
      pieces.push(Buffer.from(joined, "latin1"));
    },
    parts: () => [...offsetPieces, ...pieces],
  };
}

/** Whole numbers below 2^53 as two halves: no BigInt in the hot path. */
function wideColumn(get: Getter<number>): Builder {
  const pieces: Buffer[] = [];
  return {
    add(events) {
      const values = new Uint32Array(2 * events.length);
      for (let i = 0; i < events.length; i++) {
        const value = get(events[i]!);
        values[2 * i] = value % 4294967296;
        values[2 * i + 1] = value / 4294967296;
      }
      pieces.push(bytesOf(values));
    },
    parts: () => pieces,
  };
}

function numberColumn(get: Getter<number | boolean | null>, kind: NumberKind): Builder {
  const pieces: Buffer[] = [];
  const nullPieces: Buffer[] = [];
  return {
    add(events) {
      const nulls = Buffer.alloc(events.length);
      const values = arrayFor(kind, events.length);
      for (let i = 0; i < events.length; i++) {
        const value = get(events[i]!);
        if (value === null) nulls[i] = 1;
        else values[i] = Number(value);
      }
      nullPieces.push(nulls);
      pieces.push(bytesOf(values));
    },
    parts: () => [...nullPieces, ...pieces],
  };
}

function arrayFor(kind: NumberKind, n: number): Int32Array | Uint32Array | Float32Array | Float64Array | Uint8Array {
  if (kind === "nullable_int32") return new Int32Array(n);
  if (kind === "nullable_uint32") return new Uint32Array(n);
  if (kind === "nullable_float32") return new Float32Array(n);
  return kind === "nullable_float64" ? new Float64Array(n) : new Uint8Array(n);
}

const bytesOf = (a: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): Buffer =>
  Buffer.from(a.buffer as ArrayBuffer, a.byteOffset, a.byteLength);

const EMPTY = "\0";
// biome-ignore lint/suspicious/noControlCharactersInRegex: the question is whether there is anything but ASCII
const NOT_ASCII = /[^\u0000-\u007f]/;

/** encode gives length and UTF-8 bytes of a text as a string of bytes: columns are joined as strings, which V8 does fastest. */
function encode(text: string): string {
  // Counting bytes is faster than looking for the odd one in a long text, and slower in a short one.
  const plain = text.length > 64 ? Buffer.byteLength(text) === text.length : !NOT_ASCII.test(text);
  const bytes = plain ? text : Buffer.from(text, "utf8").toString("latin1");
  return lengthOf(bytes.length) + bytes;
}

const SHORT = Array.from({ length: 128 }, (_, n) => String.fromCharCode(n));
function lengthOf(n: number): string {
  if (n < 128) return SHORT[n]!;
  return n < 16_384 ? String.fromCharCode((n % 128) + 128, n >> 7) : varint(n).toString("latin1");
}

/** varint is LEB128, as ClickHouse writes lengths. */
function varint(n: number): Buffer {
  const bytes: number[] = [];
  let rest = n;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

const cache = createRecent<string>(16);

/** known encodes a text that repeats, such as an operation, once. */
function known(text: string): string {
  let encoded = cache.get(text);
  if (encoded === undefined) {
    encoded = encode(text);
    cache.set(text, encoded);
  }
  return encoded;
}
