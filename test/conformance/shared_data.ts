import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../schemas/package_root.ts";

/** Folder with real logs and labels beside the project; null where it is absent, and then the tests say so and skip. */
export function sharedData(path: string): string | null {
  const found = join(packageRoot, "..", "shared", "data", path);
  if (existsSync(found)) return found;
  process.stderr.write(`Skipped: ../shared/data/${path} is not here.\n`);
  return null;
}
