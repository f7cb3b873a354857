import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Database is one of the address databases, with the date its data is from as far as it can be known. */
export interface Database {
  name: string;
  what: string;
  /** Null where it is not installed. */
  version: string | null;
  /** When its data was made, ms; for one that does not say, when its file was written here. */
  madeAt: number | null;
}

const PARTS = [
  { name: "geoip-lite", what: "country database", data: "data/geoip-country.dat" },
  { name: "@ip-location-db/asn", what: "network owner database", data: "asn-ipv4.csv" },
];

/** databases tells how old the address databases are: places and owners of networks move. */
export function databases(): Database[] {
  const require = createRequire(import.meta.url);
  return PARTS.map(({ name, what, data }) => {
    try {
      const file = require.resolve(`${name}/package.json`);
      const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
      const written = join(dirname(file), data);
      return {
        name,
        what,
        version,
        madeAt: dated(version) ?? (existsSync(written) ? statSync(written).mtimeMs : null),
      };
    } catch {
      return { name, what, version: null, madeAt: null };
    }
  });
}

/** dated reads the day out of a version such as 2.3.2026061719. */
function dated(version: string): number | null {
  const day = /\.(20\d\d)(\d\d)(\d\d)\d*$/.exec(version);
  return day ? Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3])) : null;
}
