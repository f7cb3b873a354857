import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type DataSet, dataSets } from "../ingest/enrich/data_sets.ts";
import type { Config } from "../schemas/config.ts";
import { formatDuration } from "../schemas/duration.ts";
import { geoFolder } from "./geo/sets.ts";

/** Database is a set of address data in force, with the date its data is from as far as it can be known. */
export interface Database {
  what: string;
  name: string;
  /** Null where it is not installed. */
  version: string | null;
  /** Where it came from; null for what ships. */
  from: string | null;
  /** When its data was made, ms; for one that does not say, when its file was written here. */
  madeAt: number | null;
  /** Null for what ships. */
  set: DataSet | null;
}

const PARTS = [
  { kind: "city", name: "geoip-lite", data: "data/geoip-country.dat" },
  { kind: "asn", name: "@ip-location-db/asn", data: "asn-ipv4.csv" },
] as const;

const WHAT = { city: "country database", asn: "network owner database", ranges: "published ranges" } as const;

/** databases tells which address data are in force and how old they are: places and owners of networks move. Without a config, what ships. */
export function databases(config: Pick<Config, "store"> | null): Database[] {
  const sets = config === null ? [] : dataSets(geoFolder(config));
  const shipped = PARTS.filter(({ kind }) => !sets.some((set) => set.kind === kind)).map(shippedDatabase);
  return [...shipped, ...sets.map(loadedDatabase)];
}

const loadedDatabase = (set: DataSet): Database => ({
  what: WHAT[set.kind],
  name: set.kind === "ranges" ? set.name : set.type,
  version: set.made_at.slice(0, 10),
  from: set.from,
  madeAt: Date.parse(set.made_at),
  set,
});

function shippedDatabase({ kind, name, data }: (typeof PARTS)[number]): Database {
  const bare = { what: WHAT[kind], name, from: null, set: null };
  try {
    const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    const written = join(dirname(file), data);
    return { ...bare, version, madeAt: dated(version) ?? (existsSync(written) ? statSync(written).mtimeMs : null) };
  } catch {
    return { ...bare, version: null, madeAt: null };
  }
}

/** dated reads the day out of a version such as 2.3.2026061719. */
function dated(version: string): number | null {
  const day = /\.(20\d\d)(\d\d)(\d\d)\d*$/.exec(version);
  return day ? Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3])) : null;
}

/** ageWords says what a database is and how old, in a sentence. */
export function ageWords({ name, version, from, madeAt }: Database, now: number): string {
  if (version === null || madeAt === null) return `${name} is not installed: addresses have no place`;
  return `${name} ${version}, ${formatDuration(Math.max(0, now - madeAt))} old, ${from === null ? "as it ships" : `from ${from}`}`;
}
