import type { ApiActivity } from "../schemas/activity.ts";
import { dictionaryColumn } from "./native_dictionary.ts";

/*
 * The hot path writes ClickHouse's own column format, Native: a block is the number of columns and rows, then each column with its
 * name, its type and its values one after another. The engine copies it, where it would have to parse 43 fields of text a row.
 */

type NumberKind = "nullable_int32" | "nullable_uint32" | "nullable_float32" | "nullable_float64" | "nullable_bool";
type DictionaryKind = "dictionary" | "nullable_dictionary";
type Kind = NumberKind | DictionaryKind | "string" | "long_string" | "time" | "uint64" | "strings";

/** A getter of its own per column lets V8 see a fixed property, where e[name] would be a look-up by name each time. */
type Column = { name: keyof ApiActivity } & (
  | { kind: DictionaryKind; get(e: ApiActivity): string | null }
  | { kind: "string" | "long_string"; get(e: ApiActivity): string }
  | { kind: "strings"; get(e: ApiActivity): string[] }
  | { kind: "time" | "uint64"; get(e: ApiActivity): number }
  | { kind: NumberKind; get(e: ApiActivity): number | boolean | null }
);

/** Columns of `events` in the order of the block. Texts that repeat a lot are encoded once. */
export const eventColumns: readonly Column[] = [
  { name: "event_uid", kind: "string", get: (e) => e.event_uid },
  { name: "provider", kind: "dictionary", get: (e) => e.provider },
  { name: "account", kind: "nullable_dictionary", get: (e) => e.account },
  { name: "time", kind: "time", get: (e) => e.time },
  { name: "ingested_at", kind: "time", get: (e) => e.ingested_at },
  { name: "seq", kind: "uint64", get: (e) => e.seq },
  { name: "key_uid", kind: "nullable_dictionary", get: (e) => e.key_uid },
  { name: "key_hint", kind: "nullable_dictionary", get: (e) => e.key_hint },
  { name: "key_type", kind: "dictionary", get: (e) => e.key_type },
  { name: "subject_uid", kind: "dictionary", get: (e) => e.subject_uid },
  { name: "session_uid", kind: "nullable_dictionary", get: (e) => e.session_uid },
  { name: "session_kind", kind: "dictionary", get: (e) => e.session_kind },
  { name: "principal_uid", kind: "dictionary", get: (e) => e.principal_uid },
  { name: "principal", kind: "nullable_dictionary", get: (e) => e.principal },
  { name: "principal_type", kind: "dictionary", get: (e) => e.principal_type },
  { name: "operation", kind: "dictionary", get: (e) => e.operation },
  { name: "service", kind: "nullable_dictionary", get: (e) => e.service },
  { name: "verb_class", kind: "dictionary", get: (e) => e.verb_class },
  { name: "outcome", kind: "dictionary", get: (e) => e.outcome },
  { name: "error_code", kind: "nullable_dictionary", get: (e) => e.error_code },
  { name: "status_code", kind: "nullable_int32", get: (e) => e.status_code },
  { name: "src_kind", kind: "dictionary", get: (e) => e.src_kind },
  { name: "src_ip", kind: "nullable_dictionary", get: (e) => e.src_ip },
  { name: "src_net", kind: "nullable_dictionary", get: (e) => e.src_net },
  { name: "asn", kind: "nullable_uint32", get: (e) => e.asn },
  { name: "as_org", kind: "nullable_dictionary", get: (e) => e.as_org },
  { name: "country", kind: "nullable_dictionary", get: (e) => e.country },
  { name: "region_geo", kind: "nullable_dictionary", get: (e) => e.region_geo },
  { name: "city", kind: "nullable_dictionary", get: (e) => e.city },
  { name: "lat", kind: "nullable_float32", get: (e) => e.lat },
  { name: "lon", kind: "nullable_float32", get: (e) => e.lon },
  { name: "hosting", kind: "nullable_bool", get: (e) => e.hosting },
  { name: "vpc_endpoint", kind: "nullable_dictionary", get: (e) => e.vpc_endpoint },
  { name: "user_agent", kind: "nullable_dictionary", get: (e) => e.user_agent },
  { name: "user_agent_family", kind: "nullable_dictionary", get: (e) => e.user_agent_family },
  { name: "region", kind: "nullable_dictionary", get: (e) => e.region },
  { name: "resources", kind: "strings", get: (e) => e.resources },
  { name: "environment", kind: "nullable_dictionary", get: (e) => e.environment },
  { name: "scopes", kind: "strings", get: (e) => e.scopes },
  { name: "bytes_out", kind: "nullable_float64", get: (e) => e.bytes_out },
  { name: "secrets", kind: "strings", get: (e) => e.secrets },
  { name: "raw", kind: "long_string", get: (e) => e.raw },
  { name: "position", kind: "string", get: (e) => e.position },
];

const TYPES: Record<Kind, string> = {
  string: "String",
  long_string: "String",
  dictionary: "LowCardinality(String)",
  nullable_dictionary: "LowCardinality(Nullable(String))",
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
  /** Gives memory to the blocks that come: nobody reads `bytes` any more. */
  release(): void;
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
        parts.push(Buffer.from(encode(column.name) + encode(TYPES[column.kind]), "latin1"));
        for (const piece of builders[i]!.parts()) parts.push(piece);
      }
      return parts;
    },
    release() {
      for (const builder of builders) builder.release?.();
    },
  };
}

interface Builder {
  add(events: readonly ApiActivity[]): void;
  parts(): Buffer[];
  release?(): void;
}

type Getter<T> = (e: ApiActivity) => T;

function builderOf(column: Column): Builder {
  switch (column.kind) {
    case "long_string":
      return longTextColumn(column.get);
    case "string":
      return textColumn(column.get);
    case "dictionary":
    case "nullable_dictionary":
      return dictionaryColumn(column.get, encode, column.kind === "nullable_dictionary");
    case "strings":
      return textsColumn(column.get);
    case "time":
    case "uint64":
      return wideColumn(column.get);
    default:
      return numberColumn(column.get, column.kind);
  }
}

function textColumn(get: Getter<string>): Builder {
  const pieces: Buffer[] = [];
  return {
    add(events) {
      let joined = "";
      for (let i = 0; i < events.length; i++) joined += encode(get(events[i]!));
      pieces.push(Buffer.from(joined, "latin1"));
    },
    parts: () => pieces,
  };
}

const PIECE_BYTES = 1024 * 1024;
/** Bytes that a length may take. */
const LENGTH_BYTES = 5;
/** Pieces of blocks that were written, for the next ones: memory that comes and goes by the megabyte makes V8 look through its whole heap. */
const spare: Buffer[] = [];
const MAX_SPARE = 32;

/** longTextColumn writes each text where it belongs: joining long ones would copy them once more. */
function longTextColumn(get: Getter<string>): Builder {
  const pieces: Buffer[] = [];
  const full: Buffer[] = [];
  let piece: Buffer = Buffer.alloc(0);
  let used = 0;

  function next(bytes: number): void {
    full.push(piece.subarray(0, used));
    piece = bytes > PIECE_BYTES ? Buffer.allocUnsafeSlow(bytes) : (spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES));
    pieces.push(piece);
    used = 0;
  }

  return {
    add(events) {
      for (let i = 0; i < events.length; i++) {
        const text = get(events[i]!);
        const bytes = Buffer.byteLength(text);
        if (used + bytes + LENGTH_BYTES > piece.length) next(bytes + LENGTH_BYTES);
        let rest = bytes;
        for (; rest >= 128; rest = Math.floor(rest / 128)) piece[used++] = (rest % 128) | 128;
        piece[used++] = rest;
        used += bytes === text.length ? piece.write(text, used, "latin1") : piece.write(text, used, "utf8");
      }
    },
    parts: () => [...full, piece.subarray(0, used)],
    release() {
      for (const p of pieces) if (p.length === PIECE_BYTES && spare.length < MAX_SPARE) spare.push(p);
      pieces.length = 0;
    },
  };
}

function textsColumn(get: Getter<string[]>): Builder {
  const pieces: Buffer[] = [];
  const offsetPieces: Buffer[] = [];
  let count = 0;
  return {
    add(events) {
      const offsets = Buffer.alloc(8 * events.length);
      let joined = "";
      for (let i = 0; i < events.length; i++) {
        for (const value of get(events[i]!)) {
          joined += encode(value);
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
