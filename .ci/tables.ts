/** tables writes what is generated into README.md and docs/providers.md, between its marks; a test holds them to it. `node .ci/tables.ts` */
import { readFileSync, writeFileSync } from "node:fs";
import { matrix, providerTable } from "../cli/capabilities.ts";

const places: [file: string, mark: string, text: string][] = [
  ["README.md", "providers", providerTable()],
  ["docs/providers.md", "matrix", matrix()],
];

for (const [file, mark, text] of places) {
  const path = new URL(`../${file}`, import.meta.url);
  const old = readFileSync(path, "utf8");
  const parts = new RegExp(`(<!-- ${mark} -->\n)[^]*?(<!-- /${mark} -->)`);
  if (!parts.test(old)) throw new Error(`${file} has no <!-- ${mark} --> … <!-- /${mark} -->`);
  writeFileSync(
    path,
    old.replace(parts, (_, open: string, close: string) => `${open}\n${text}\n\n${close}`),
  );
}
