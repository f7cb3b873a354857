import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { writeReport } from "../bench/page_sections.ts";
import { page } from "./page.ts";
import { isQuick, type SeedResult } from "./result.ts";

/*
 * npm run bench:quality [-- --seeds 11,12 | --tune] [--jobs 2] [--write] [--list]
 * The whole pipeline over made-up fleets, a process per seed. Report seeds are 11 to 15, tuning looks at 1 to 5 (--tune).
 * --list prints every miss and every false incident; --write keeps the page in docs/quality.md.
 */
const argument = (name: string): string | null => {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : (process.argv[at + 1] ?? null);
};
const tune = process.argv.includes("--tune");
const given = argument("--seeds");
const seeds = given ? given.split(",").map(Number) : tune ? [1, 2, 3, 4, 5] : [11, 12, 13, 14, 15];
const results: SeedResult[] = [];
const waiting = [...seeds];
await Promise.all(Array.from({ length: Number(argument("--jobs") ?? 2) }, work));
results.sort((a, b) => a.seed - b.seed);

async function work(): Promise<void> {
  for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
    const result = await measure(seed);
    process.stderr.write(`Seed ${seed}: ${result.seconds.toFixed(0)} s, ${result.falses.length} false incidents\n`);
    results.push(result);
  }
}

function measure(seed: number): Promise<SeedResult> {
  const script = fileURLToPath(new URL("./part_seed.ts", import.meta.url));
  const child = spawn(process.execPath, ["--max-old-space-size=1024", script, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (s: string) => {
    text += s;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(text) as SeedResult) : reject(new Error(`Seed ${seed} ended with ${code}.`)),
    );
  });
}

const report = page(results, `npm run bench:quality -- --write${given ? ` --seeds ${given}` : tune ? " --tune" : ""}`);
process.stdout.write(report);
if (process.argv.includes("--write")) writeReport("quality", report);
if (process.argv.includes("--list")) {
  for (const { seed, caught, falses } of results) {
    for (const c of caught.filter((x) => !isQuick(x)))
      process.stdout.write(
        `miss ${seed} ${c.compromise} ${c.keyKind} ${c.delayMs === null ? "never" : `${Math.round(c.delayMs / 60_000)} min, ${c.events} events`}\n`,
      );
    for (const f of falses)
      process.stdout.write(
        `false ${seed} day ${f.day} ${f.key} ${f.severity} ${f.by.join("+")} near ${f.surprise}: ${f.reasons.slice(0, 4).join(" | ")}\n`,
      );
  }
}
