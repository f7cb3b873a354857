import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { packageRoot } from "../../schemas/package_root.ts";

export interface Weight {
  file: string;
  plain: number;
  gzip: number;
  brotli: number;
}

/** pageWeight weighs every file of the built page, in bytes. Hashes are left out of the names. */
export function pageWeight(folder = join(packageRoot, "dist", "page")): Weight[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      return {
        file: entry.name.replace(/-[\w-]{8}(?=\.\w+$)/, ""),
        plain: bytes.length,
        gzip: gzipSync(bytes).length,
        brotli: brotliCompressSync(bytes).length,
      };
    })
    .sort((a, b) => b.plain - a.plain);
}
