import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";

/** The one file that says which data are in force: what it does not name does not exist. */
export const INDEX_FILE = "index.json";

const dataSet = z.strictObject({
  kind: z.enum(["city", "asn", "ranges"]),
  /** `city`, `asn`, or what the operator calls these ranges. */
  name: z.string(),
  /** In the same folder. */
  file: z.string(),
  /** What its maker calls it, or the format. */
  type: z.string(),
  /** Where it came from, without what may be secret in an address. */
  from: z.string(),
  made_at: z.iso.datetime(),
  fetched_at: z.iso.datetime(),
  bytes: z.number().int(),
  crc: z.number().int(),
});
/** DataSet is one set of address data that the operator loaded, in place of what ships or beside it. */
export type DataSet = z.infer<typeof dataSet>;

/** dataStamp changes with every refresh. */
export const dataStamp = (folder: string): string =>
  existsSync(join(folder, INDEX_FILE)) ? readFileSync(join(folder, INDEX_FILE), "utf8") : "[]";

/** dataSets lists what was loaded. An index that is none names nothing: what ships is in force, and the next refresh writes another. */
export function dataSets(folder: string): DataSet[] {
  try {
    return z.array(dataSet).parse(JSON.parse(dataStamp(folder)));
  } catch {
    return [];
  }
}

/** readDataSet gives the bytes of a set; throws where they are not those that were loaded. */
export function readDataSet(folder: string, { file, crc }: DataSet): Buffer {
  const bytes = readFileSync(join(folder, file));
  if (crc32(bytes) !== crc) throw new Error(`${join(folder, file)} was changed or damaged after it was loaded`);
  return bytes;
}
