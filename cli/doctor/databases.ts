import { readDataSet } from "../../ingest/enrich/data_sets.ts";
import { openMmdb } from "../../ingest/enrich/mmdb.ts";
import type { Config } from "../../schemas/config.ts";
import { geoConfig } from "../../schemas/config_geo.ts";
import { ageWords, type Database, databases } from "../databases.ts";
import { geoFolder } from "../geo/sets.ts";
import { bad, type Line, ok, warn } from "./line.ts";

/** databaseLines looks at the age of all address data, and reads those that the operator loaded. */
export function databaseLines(now: number, config: Pick<Config, "store" | "geo"> | null): Line[] {
  const { max_age } = config?.geo ?? geoConfig.parse({});
  return databases(config).map((database) => {
    const says = ageWords(database, now);
    const broken = config === null ? null : brokenWords(database, geoFolder(config));
    if (broken !== null)
      return bad(database.what, broken, "`keywatch update-geo` loads it again; until then what ships stands in");
    if (database.madeAt === null) return warn(database.what, says, `npm install ${database.name}`);
    return now - database.madeAt > max_age ? warn(database.what, says, mendOf(database)) : ok(database.what, says);
  });
}

const mendOf = ({ name, set }: Database): string =>
  set === null
    ? `npm update ${name}, or load newer data with \`keywatch update-geo\``
    : "`keywatch update-geo` loads it again";

function brokenWords({ set }: Database, folder: string): string | null {
  if (set === null) return null;
  try {
    const bytes = readDataSet(folder, set);
    if (set.kind !== "ranges") openMmdb(bytes);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
