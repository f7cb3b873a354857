import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "simple-statistics";
import { packageRoot } from "../../schemas/package_root.ts";
import { writeCorpus } from "./corpus.ts";
import { madeWhere, writeReport, writeSection } from "./page_sections.ts";

/*
 * npm run bench [-- records [--rounds 5] [--write] [--shares]]: the whole pipeline beside JSON.parse of the same bytes and beside loading and
 * extracting the same files by SQL alone, each in a process of its own, so that CPU time (all threads) and peak memory are its own. One after
 * the other in several rounds, since a machine that is shared with others gets faster and slower from minute to minute. Then a part of it once
 * more under a profiler, for the shares; with --shares only that.
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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
    shares: { type: "boolean", default: false },
  },
});
// Long enough that the second in which V8 compiles what is hot no longer counts.
const records = Number(positionals[0] ?? 1_500_000);
const rounds = Number(values.rounds);
const directory = join(packageRoot, ".cache", "bench", String(records));
mkdirSync(directory, { recursive: true });
process.stderr.write(`Corpus of ${records.toLocaleString("en-US")} records …\n`);
const corpus = await writeCorpus({ directory, records });

if (!values.shares) {
  const report = page(
    Array.from({ length: rounds }, () => ({
      parse: part<Measured>("parse"),
      sql: part<Measured>("sql"),
      pipeline: part<Measured>("pipeline"),
    })),
  );
  process.stdout.write(report);
  if (values.write) writeReport("bench", report);
}
const shares = sharesSection(part<Shares>("shares"));
process.stdout.write(shares);
if (values.write) writeSection("bench", "shares", shares);

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

type Round = Record<"parse" | "sql" | "pipeline", Measured>;

function page(all: readonly Round[]): string {
  const rate = (m: Measured) => m.events / m.seconds;
  const cpu = (m: Measured) => (1e6 * m.cpuSeconds) / m.events;
  const middle = (of: (round: Round) => number) => median(all.map(of));
  const whole = (n: number) => Math.round(n).toLocaleString("en-US");
  const range = (numbers: number[], text: (n: number) => string) =>
    `${text(median(numbers))} (${text(Math.min(...numbers))} to ${text(Math.max(...numbers))})`;
  const row = (what: string, name: keyof Round) => {
    const runs = all.map((r) => r[name]);
    const seconds = median(runs.map((m) => m.seconds)).toFixed(1);
    return `| ${what} | ${range(runs.map(rate), whole)} | ${seconds} | ${range(runs.map(cpu), (n) => n.toFixed(1))} | ${whole(Math.max(...runs.map((m) => m.peakMb)))} |`;
  };
  const times = (over: "parse" | "sql") => (r: Round) => r.pipeline.cpuSeconds / r[over].cpuSeconds;
  return `# Bench

Made by \`npm run bench -- ${records} --rounds ${rounds} --write\`. Each part ran ${rounds} times in turn, since the machine is a share of a larger one and gets
faster and slower from minute to minute: the median, with the least and the most behind it; nothing is left out. A run's first second, in which V8
compiles what is hot, and its last half second, in which the end is judged, count: of fewer records fewer are done a second.

${madeWhere()}
- Corpus: ${corpus.records.toLocaleString("en-US")} CloudTrail records of ${(corpus.bytes / corpus.records).toFixed(0)} bytes on average, seed 42, sha256 ${corpus.sha256.slice(0, 12)}…, gzip files of 20,000 records

| what | events/s | seconds | CPU us per event, all threads | peak memory, MB |
| --- | --- | --- | --- | --- |
${row("gunzip and JSON.parse alone, one thread", "parse")}
${row("load and extract by SQL alone", "sql")}
${row("keywatch: read, normalise, redact, enrich, store, detect", "pipeline")}

keywatch needs ${range(all.map(times("sql")), (n) => n.toFixed(2))} x the CPU time of the load by SQL alone in the same round, and ${middle(times("parse")).toFixed(1)} x that of gunzip and JSON.parse.
`;
}

function sharesSection({ events, shares }: Shares): string {
  const total = shares.reduce((sum, [, seconds]) => sum + seconds, 0);
  return `## Where the time of the main thread goes

Made by \`npm run bench -- ${records} --shares --write\`, in a run of its own over the first ${events.toLocaleString("en-US")} events: the CPU profiler of V8 looks once a millisecond at what is done, and what is done in
a library or in Node itself belongs to the step that called it. The profiler slows that run, so its shares count and not its times; the run above is without it. Beside all this, in threads of their own, the engine stores and files are read ahead: unpacked and cut into records.

${madeWhere()}

| step | us per event | share |
| --- | --- | --- |
${shares.map(([step, seconds]) => `| ${step} | ${((1e6 * seconds) / events).toFixed(1)} | ${((100 * seconds) / total).toFixed(1)} % |`).join("\n")}
`;
}
