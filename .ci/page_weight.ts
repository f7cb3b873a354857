// Prints what the built page weighs, for docs/page.md: npm run build:page && node .ci/page_weight.ts
import { pageWeight } from "../test/page/weight.ts";

const files = pageWeight();
const sum = (of: "plain" | "gzip" | "brotli") => files.reduce((n, f) => n + f[of], 0);
const kb = (n: number) => (n / 1000).toFixed(1);
const row = (cells: (string | number)[]) => `| ${cells.join(" | ")} |`;
console.log(row(["file", "KB", "KB gzip", "KB brotli"]));
console.log(row(["---", "---", "---", "---"]));
for (const f of files) console.log(row([f.file, kb(f.plain), kb(f.gzip), kb(f.brotli)]));
console.log(row(["all", kb(sum("plain")), kb(sum("gzip")), kb(sum("brotli"))]));
