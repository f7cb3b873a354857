import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../schemas/package_root.ts";

/** The page docs/bench.md has two authors: the whole pipeline above, the providers below between marks. Neither erases the other. */
const path = join(packageRoot, "docs", "bench.md");
const PROVIDERS = /\n<!-- providers -->[\s\S]*<!-- \/providers -->\n/;

const page = (): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** writePipeline puts the report of the whole pipeline into the page. */
export const writePipeline = (report: string): void =>
  writeFileSync(path, report + (PROVIDERS.exec(page())?.[0] ?? ""));

/** writeProviders puts the section of the providers at the end of the page. */
export const writeProviders = (section: string): void =>
  writeFileSync(path, `${page().replace(PROVIDERS, "")}\n<!-- providers -->\n\n${section}\n<!-- /providers -->\n`);
