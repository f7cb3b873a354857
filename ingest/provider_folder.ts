import { readdirSync } from "node:fs";
import { join, parse } from "node:path";
import { pathToFileURL } from "node:url";
import type { Provider } from "./provider.ts";

/** providerFiles lists the files of a folder that may each be a provider, in order of names. */
export const providerFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /\.(ts|js|mjs)$/.test(name) && !name.endsWith(".d.ts"))
    .sort();

/**
 * loadProviders imports the providers of a folder: every `.ts`, `.js` or `.mjs` file with a default export, named after its id. Files
 * without one are helpers. It runs the operator's own code, so the folder comes from the config alone.
 */
export async function loadProviders(folder: string): Promise<Provider[]> {
  const found: Provider[] = [];
  for (const file of providerFiles(folder)) {
    const module = (await import(pathToFileURL(join(folder, file)).href)) as { default?: unknown };
    if (module.default === undefined) continue;
    found.push(checked(module.default, join(folder, file)));
  }
  return found;
}

function checked(value: unknown, file: string): Provider {
  const provider = value as Partial<Provider> | null;
  const id = parse(file).name;
  const faults = [
    provider?.id === id ? null : `its id must be "${id}", like its file`,
    typeof provider?.title === "string" ? null : "it needs a title",
    typeof provider?.latenessMs === "number" && provider.latenessMs > 0 ? null : "it needs latenessMs, ms",
    typeof provider?.claims === "function" ? null : "it needs claims(record)",
    typeof provider?.normalize === "function" ? null : "it needs normalize(record)",
    typeof provider?.tells === "object" && provider.tells !== null ? null : "it needs tells",
  ].filter((fault) => fault !== null);
  if (faults.length > 0) throw new Error(`${file} is no provider: ${faults.join("; ")}.`);
  return value as Provider;
}
