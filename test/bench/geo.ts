// Look-ups in address data: what ships against a file of the MaxMind DB format, each in a process of its own: npm run bench:geo [networks, default 500000]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { updateGeo } from "../../cli/commands/update_geo.ts";
import { terminalOut } from "../../cli/out.ts";
import { createEnricher } from "../../ingest/enrich/enrich.ts";
import { config } from "../../schemas/config.ts";
import { mmdbFile } from "../ingest/mmdb_file.ts";

const LOOK_UPS = 100_000;
/** Time of the processor: other work on the machine does not count. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
/** Public addresses far apart, none twice. */
const address = (i: number) => `${20 + (i % 150)}.${(i >> 3) & 255}.${(i * 7) & 255}.${(i >> 11) & 255}`;

if (process.argv[2] === "measure") {
  const dataFolder = process.argv[3]!;
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const start = cpuMs();
  const enrich = await createEnricher({ dataFolder });
  enrich("8.8.8.8");
  const loaded = cpuMs() - start;
  const memory = (process.memoryUsage().rss - before) / 1e6;
  const from = cpuMs();
  for (let i = 0; i < LOOK_UPS; i++) enrich(address(i));
  const first = ((cpuMs() - from) / LOOK_UPS) * 1000;
  const again = cpuMs();
  for (let i = LOOK_UPS - 50_000; i < LOOK_UPS; i++) enrich(address(i));
  const known = ((cpuMs() - again) / 50_000) * 1000;
  console.log(
    `  loaded in ${loaded.toFixed(0)} ms, ${memory.toFixed(0)} MB; ${first.toFixed(1)} µs an address never seen, ${known.toFixed(2)} µs a known one`,
  );
} else await compare(Number(process.argv[2] ?? 500_000));

/** As many networks as GeoLite2 has of a size, 60,000 different cities and 80,000 owners. */
async function compare(networks: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "keywatch-bench-geo-"));
  try {
    console.log(`${networks} networks, ${LOOK_UPS} look-ups, Node ${process.versions.node}, ${cpus()[0]?.model}`);
    console.log("as it ships");
    measure(join(folder, "none"));
    const block = (i: number) => `${20 + Math.floor(i / 65_536)}.${(i >> 8) & 255}.${i & 255}.0/24`;
    const all = [...Array(networks).keys()];
    const place = (i: number) => ({
      city: { geoname_id: i, names: { de: `Stadt ${i}`, en: `City ${i}`, fr: `Ville ${i}`, ja: `市 ${i}` } },
      country: { geoname_id: i % 250, iso_code: ["DE", "US", "BR", "IN"][i % 4]!, names: { en: "Country" } },
      location: { accuracy_radius: 20, latitude: 10.5 + (i % 500) / 10, longitude: 20.5 + (i % 900) / 10 },
      subdivisions: [{ iso_code: "BE", names: { en: "Region" } }],
    });
    const owner = (i: number) => ({ autonomous_system_number: i, autonomous_system_organization: `Network ${i}` });
    const write = (name: string, records: (i: number) => object, different: number) => {
      const of = Object.fromEntries(all.map((i) => [block(i), records((i * 31) % different)]));
      const bytes = mmdbFile({ type: name, madeAt: Date.now(), networks: of as never });
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    const options = { city: write("Bench-City", place, 60_000), asn: write("Bench-ASN", owner, 80_000) };
    const start = cpuMs();
    await updateGeo({ config: config.parse({ store: { path: folder } }) }, options, terminalOut(), Date.now());
    console.log(`loaded by update-geo in ${((cpuMs() - start) / 1000).toFixed(1)} s`);
    measure(join(folder, "geo"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(dataFolder: string): void {
  for (let round = 0; round < 3; round++)
    spawnSync(process.execPath, ["--expose-gc", import.meta.filename, "measure", dataFolder], { stdio: "inherit" });
}
