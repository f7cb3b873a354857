/**
 * providers measures each provider's way from bytes to event: parse, recognition, mapping, redaction, fingerprint, enrichment.
 *
 *     npm run bench:providers              all of them, printed
 *     npm run bench:providers -- --write   and put into docs/bench.md
 *     npm run bench:providers -- okta ecs  only those whose name begins so
 */
import { ingestParts } from "../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { builtIn } from "../../ingest/registry.ts";
import { config } from "../../schemas/config.ts";
import { madeWhere, writeSection } from "./page_sections.ts";
import { EVENT_BYTES, providerRecords } from "./provider_records.ts";

/** Records of one round; every round reads others, so no cache knows them. */
const EVENTS = 1_000;
const ROUNDS = 48;
/** Until the compiler of V8 has done its work, which counts as CPU time too. */
const WARM_UP = 24;
const BUDGET_US = 25;

const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });
const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const rows = builtIn
  .filter(({ id }) => wanted.length === 0 || wanted.some((name) => id.startsWith(name)))
  .map(({ id }) => measured(id));
const table = `| provider | bytes an event | us an event, median of ${ROUNDS - WARM_UP} rounds | least | greatest | JSON.parse alone, us | least by least |
| --- | --- | --- | --- | --- | --- | --- |
${rows.map((r) => `| ${r.id} | ${r.bytes} | ${r.median.toFixed(1)} | ${r.least.toFixed(1)} | ${r.greatest.toFixed(1)} | ${r.parse.toFixed(1)} | ${(r.least / r.parse).toFixed(1)} x |`).join("\n")}
`;
process.stdout.write(table);
const slow = rows.filter((r) => r.median > BUDGET_US).map((r) => r.id);
if (slow.length > 0) process.stderr.write(`Over the budget of ${BUDGET_US} us: ${slow.join(", ")}\n`);
if (process.argv.includes("--write")) write();

interface Row {
  id: string;
  bytes: number;
  median: number;
  least: number;
  greatest: number;
  /** Least time of JSON.parse of the same, in the same run: what this machine is worth just now. */
  parse: number;
}

/** measured gives CPU time an event, of this process with all its threads: what waits for others does not count. */
function measured(id: string): Row {
  const records = providerRecords(id, EVENTS * ROUNDS);
  const normalizer = createNormalizer(parts, {
    provider: id === "generic" ? id : "auto",
    position: "bench",
    now: Date.now,
  });
  const rounds: number[] = [];
  let parse = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    parse = Math.min(
      parse,
      cpuOf(() => records.slice(round * EVENTS, (round + 1) * EVENTS).forEach(parsed)),
    );
    const into = emptyYield();
    const us = cpuOf(() => {
      for (let i = round * EVENTS; i < (round + 1) * EVENTS; i++) normalizer.read(records[i]!, null, into);
    });
    if (into.letters.length > 0) throw new Error(`${id}: ${into.letters[0]!.reason}`);
    if (round >= WARM_UP) rounds.push(us);
  }
  rounds.sort((a, b) => a - b);
  const bytes = Math.round(records.reduce((sum, r) => sum + r.length, 0) / records.length);
  return { id, bytes, median: rounds[rounds.length >> 1]!, least: rounds[0]!, greatest: rounds.at(-1)!, parse };
}

/** cpuOf gives the CPU time an event of a round, us. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const spent = process.cpuUsage(before);
  return (spent.user + spent.system) / EVENTS;
}

function parsed(bytes: Buffer): void {
  JSON.parse(bytes.toString("utf8"));
}

/** write puts the table into docs/bench.md, in the place of the last one. */
function write(): void {
  writeSection(
    "bench",
    "providers",
    `## A provider's event

\`npm run bench:providers -- --write\`: from bytes to event (parse, recognition, mapping, redaction, fingerprint, enrichment), ${EVENT_BYTES.toLocaleString("en-US")} bytes on
average, no two alike; CPU time of all threads. The budget is ${BUDGET_US} us; on a machine that parses such a record in 2.7 us that is 9.3 x JSON.parse, which the last
column compares within the run.

${madeWhere()}

${table}`,
  );
}
