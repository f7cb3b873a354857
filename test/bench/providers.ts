/**
 * providers measures each provider's way from bytes to event: parse, recognition, mapping, redaction, fingerprint, enrichment. CPU time, on
 * its golden records. `node_modules/.bin/node test/bench/providers.ts`
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ingestParts } from "../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { builtIn } from "../../ingest/registry.ts";
import { config } from "../../schemas/config.ts";
import { packageRoot } from "../../schemas/package_root.ts";

const ROUNDS = 20_000;
const WARM_UP = 4_000;

const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });
console.log("| provider | bytes | us an event | us per 1.5 KB |\n| --- | --- | --- | --- |");
for (const { id } of builtIn) {
  const folder = join(packageRoot, "test", "golden", id);
  const records = readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as { record: unknown; outcome: string })
    .filter(({ outcome }) => outcome === "ok")
    .map(({ record }) => Buffer.from(JSON.stringify(record)));
  const bytes = records.reduce((sum, r) => sum + r.length, 0) / records.length;
  const normalizer = createNormalizer(parts, {
    provider: id === "generic" ? id : "auto",
    position: "bench",
    now: Date.now,
  });
  const run = (n: number): void => {
    for (let i = 0; i < n; i++) normalizer.read(records[i % records.length]!, null, emptyYield());
  };
  run(WARM_UP);
  const before = process.cpuUsage();
  run(ROUNDS);
  const spent = process.cpuUsage(before);
  const us = (spent.user + spent.system) / ROUNDS;
  console.log(`| ${id} | ${Math.round(bytes)} | ${us.toFixed(1)} | ${((us * 1500) / bytes).toFixed(1)} |`);
}
