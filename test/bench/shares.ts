import { readFileSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../schemas/package_root.ts";

/** Steps of the pipeline by the files that do them, the first match counts. What lies between, such as schemas/, is its caller's. */
const STEPS: readonly (readonly [step: string, files: RegExp])[] = [
  ["sources: unpack, find the records", /^(ingest\/sources\/|cli\/read_)/],
  ["redact", /^ingest\/redact\//],
  ["enrich: geography, network owner, program", /^ingest\/enrich\//],
  ["fingerprint", /^ingest\/fingerprint/],
  ["encode rows, know twins", /^ingest\/(native|writer|identities|seen|occurrences|recent)/],
  ["providers: recognise and map", /^ingest\//],
  ["detect", /^detect\//],
  ["incidents", /^alert\//],
  ["hand rows to the engine, read answers", /^(schemas\/store|cli\/store_door)/],
];
export const PARSE = "parse: JSON.parse";
export const REST = "everything else: Node, the engine's client, the job";
const GARBAGE = "garbage collection";
export const IDLE = "waiting for the engine";

/** shareSteps sums the self time of a CPU profile of the main thread by step, in seconds, the greatest first. */
export function shareSteps({
  nodes,
  samples = [],
  timeDeltas = [],
}: Profiler.Profile): [step: string, seconds: number][] {
  const root = `${pathToFileURL(packageRoot).href}/`;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const known = new Map<number, string>();

  function stepOf(id: number): string {
    let step = known.get(id);
    if (step === undefined) {
      step = ownStep(byId.get(id)!) ?? (parents.has(id) ? stepOf(parents.get(id)!) : REST);
      known.set(id, step);
    }
    return step;
  }

  function ownStep({ callFrame: { functionName, url } }: Profiler.ProfileNode): string | null {
    if (functionName === "(garbage collector)") return GARBAGE;
    if (functionName === "(idle)") return IDLE;
    if (!url.startsWith(root)) return null;
    const file = url.slice(root.length);
    return STEPS.find(([, files]) => files.test(file))?.[0] ?? null;
  }

  const seconds = new Map<string, number>();
  const add = (step: string, us: number) => seconds.set(step, (seconds.get(step) ?? 0) + us / 1e6);
  for (const [i, id] of samples.entries()) {
    const parsed = parsedShare(byId.get(id)!, root) * timeDeltas[i]!;
    if (parsed > 0) add(PARSE, parsed);
    add(stepOf(id), timeDeltas[i]! - parsed);
  }
  return [...seconds].sort((a, b) => b[1] - a[1]);
}

const parsingLines = new Map<string, ReadonlySet<number>>();

/** parsedShare is the share of a function's own samples on lines that call JSON.parse: a builtin is no frame of its own. */
function parsedShare({ callFrame: { url }, positionTicks = [] }: Profiler.ProfileNode, root: string): number {
  if (!url.startsWith(root) || positionTicks.length === 0) return 0;
  let lines = parsingLines.get(url);
  if (lines === undefined) {
    const source = readFileSync(join(packageRoot, url.slice(root.length)), "utf8").split("\n");
    lines = new Set(source.flatMap((text, i) => (text.includes("JSON.parse(") ? [i + 1] : [])));
    parsingLines.set(url, lines);
  }
  const sum = (ticks: Profiler.PositionTickInfo[]) => ticks.reduce((n, { ticks }) => n + ticks, 0);
  return sum(positionTicks.filter(({ line }) => lines.has(line))) / sum(positionTicks);
}
