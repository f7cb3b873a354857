import { Exception } from "./exception.ts";

/** Format is one of ClickHouse's output formats, and how pieces of an answer join in it. */
export interface Format {
  name: string;
  contentType: string;
  /** Length of what a piece begins with and only the first may; null where an answer is one document. */
  header: ((piece: Buffer) => number) | null;
}

const none = (): number => 0;
const TSV = "text/tab-separated-values; charset=UTF-8";
const CSV = "text/csv; charset=UTF-8; header=";
const LINES = "application/x-ndjson; charset=UTF-8";
const JSON_TYPE = "application/json; charset=UTF-8";
const BYTES = "application/octet-stream";
const TEXT = "text/plain; charset=UTF-8";

const known = new Map<string, Format>();
const add = (names: string, contentType: string, header: Format["header"]): void => {
  for (const name of names.split(" ")) known.set(name.toLowerCase(), { name, contentType, header });
};

add("TabSeparated TSV TabSeparatedRaw TSVRaw Raw", TSV, none);
add("TabSeparatedWithNames TSVWithNames TabSeparatedRawWithNames TSVRawWithNames", TSV, lines(1));
add(
  "TabSeparatedWithNamesAndTypes TSVWithNamesAndTypes TabSeparatedRawWithNamesAndTypes TSVRawWithNamesAndTypes",
  TSV,
  lines(2),
);
add("TSKV LineAsString", TEXT, none);
add("CSV", `${CSV}absent`, none);
add("CSVWithNames", `${CSV}present`, csvLines(1));
add("CSVWithNamesAndTypes", `${CSV}present`, csvLines(2));
add("JSONEachRow JSONLines NDJSON JSONStringsEachRow JSONCompactEachRow JSONCompactStringsEachRow", LINES, none);
add("JSONCompactEachRowWithNames JSONCompactStringsEachRowWithNames", LINES, lines(1));
add("JSONCompactEachRowWithNamesAndTypes JSONCompactStringsEachRowWithNamesAndTypes", LINES, lines(2));
add("RowBinary Native MsgPack", BYTES, none);
add("RowBinaryWithNames", BYTES, (piece) => binaryHeader(piece, 1));
add("RowBinaryWithNamesAndTypes", BYTES, (piece) => binaryHeader(piece, 2));
add(
  "JSON JSONStrings JSONCompact JSONCompactStrings JSONColumns JSONColumnsWithMetadata JSONCompactColumns JSONObjectEachRow",
  JSON_TYPE,
  null,
);
add("Parquet Arrow ArrowStream ORC Avro BSONEachRow", BYTES, null);
add("XML", "application/xml; charset=UTF-8", null);
add("Markdown", "text/markdown; charset=UTF-8", null);
add(
  "Pretty PrettyNoEscapes PrettyMonoBlock PrettyNoEscapesMonoBlock PrettyCompact PrettyCompactNoEscapes PrettyCompactMonoBlock PrettyCompactNoEscapesMonoBlock PrettySpace PrettySpaceNoEscapes PrettySpaceMonoBlock Vertical Values SQLInsert Null",
  TEXT,
  null,
);

/** formatOf finds a format by its name; those that write by a schema of a file, or for another protocol, are none. */
export function formatOf(name: string): Format {
  const format = known.get(name.toLowerCase());
  if (!format) throw new Exception(73, "UNKNOWN_FORMAT", `Unknown format ${name.slice(0, 60)}`);
  return format;
}

/** Line ends in names and types are escaped in these formats. */
function lines(count: number): (piece: Buffer) => number {
  return (piece) => {
    let at = 0;
    for (let i = 0; i < count; i++) at = piece.indexOf(0x0a, at) + 1;
    return at;
  };
}

/** Names in quotes may hold line ends. */
function csvLines(count: number): (piece: Buffer) => number {
  return (piece) => {
    let inside = false;
    for (let at = 0, left = count; at < piece.length; at++) {
      if (piece[at] === 0x22) inside = !inside;
      else if (piece[at] === 0x0a && !inside && --left === 0) return at + 1;
    }
    return piece.length;
  };
}

/** A number of columns, then so many names, then perhaps types, each with its length as a varint before it. */
function binaryHeader(piece: Buffer, rows: 1 | 2): number {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = piece[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const columns = varint();
  for (let i = 0; i < columns * rows; i++) {
    const length = varint();
    at += length;
  }
  return at;
}
