import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../schemas/package_root.ts";
import { writeCorpus } from "./corpus.ts";
import { madeWhere, writeReport, writeSection } from "./page_sections.ts";

/*
 * npm run bench [-- records [--write] [--shares]]: the whole pipeline beside JSON.parse of the same bytes and beside loading and extracting the same
 * files by SQL alone, each in a process of its own, so that CPU time (all threads) and peak memory are its own. Then a part of it once more
 * under a profiler, for the shares; with --shares only that.
 */

interface Measured {
  seconds: number;
  cpuSeconds: number;
  peakMb: number;
  events: number;
}

interface Shares {
  events: number;
  /** Seconds of the main thread by step. */
  shares: [step: string, seconds: number][];
}

const records = Number(process.argv[2] ?? 500_000);
const directory = join(packageRoot, ".cache", "bench", String(records));
mkdirSync(directory, { recursive: true });
process.stderr.write(`Corpus of ${records.toLocaleString("en-US")} records …\n`);
const corpus = await writeCorpus({ directory, records });

if (!process.argv.includes("--shares")) {
  const report = page(part<Measured>("parse"), part<Measured>("sql"), part<Measured>("pipeline"));
  process.stdout.write(report);
  if (process.argv.includes("--write")) writeReport("bench", report);
}
const shares = sharesSection(part<Shares>("shares"));
process.stdout.write(shares);
if (process.argv.includes("--write")) writeSection("bench", "shares", shares);

/** part runs one measurement in a process of its own. */
function part<T>(name: "parse" | "sql" | "pipeline" | "shares"): T {
  process.stderr.write(`${name} …\n`);
  const store = mkdtempSync(join(tmpdir(), "keywatch-bench-"));
  try {
    const script = fileURLToPath(new URL(`./part_${name}.ts`, import.meta.url));
    const child = spawnSync(process.execPath, [script, directory, store], {
      encoding: "utf8",
      maxBuffer: 1e8,
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (child.status !== 0) throw new Error(`${name} ended with ${child.status}`);
    return JSON.parse(child.stdout.trim().split("\n").at(-1)!) as T;
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

function page(parse: Measured, sql: Measured, pipeline: Measured): string {
  const rate = (m: Measured) => Math.round(m.events / m.seconds).toLocaleString("en-US");
  const row = (what: string, m: Measured) =>
    `| ${what} | ${rate(m)} | ${m.seconds.toFixed(1)} | ${m.cpuSeconds.toFixed(1)} | ${((1e6 * m.cpuSeconds) / m.events).toFixed(1)} | ${Math.round(m.peakMb)} |`;
  return `# Bench

Made by \`npm run bench -- ${records} --write\`; the numbers below are of one run, nothing is left out.

${madeWhere()}
- Corpus: ${corpus.records.toLocaleString("en-US")} CloudTrail records of ${(corpus.bytes / corpus.records).toFixed(0)} bytes on average, seed 42, sha256 ${corpus.sha256.slice(0, 12)}…, gzip files as CloudTrail delivers them

| what | events/s | seconds | CPU seconds, all threads | CPU us per event | peak memory, MB |
| --- | --- | --- | --- | --- | --- |
${row("gunzip and JSON.parse alone, one thread", parse)}
${row("load and extract by SQL alone", sql)}
${row("keywatch: read, normalise, redact, enrich, store, detect", pipeline)}

keywatch needs ${(pipeline.cpuSeconds / sql.cpuSeconds).toFixed(2)} x the CPU time of the load by SQL alone, and ${(pipeline.cpuSeconds / parse.cpuSeconds).toFixed(1)} x that of gunzip and JSON.parse.
`;
}

function sharesSection({ events, shares }: Shares): string {
  const total = shares.reduce((sum, [, seconds]) => sum + seconds, 0);
  return `## Where the time of the main thread goes

Made by \`npm run bench -- ${records} --shares --write\`, in a run of its own over the first ${events.toLocaleString("en-US")} events: the CPU profiler of V8 looks once a millisecond at what is done, and what is done in
a library or in Node itself belongs to the step that called it. The profiler slows that run, so its shares count and not its times; the run above is without it. The engine stores on threads of its own beside all this.

${madeWhere()}

| step | us per event | share |
| --- | --- | --- |
${shares.map(([step, seconds]) => `| ${step} | ${((1e6 * seconds) / events).toFixed(1)} | ${((100 * seconds) / total).toFixed(1)} % |`).join("\n")}
`;
}
