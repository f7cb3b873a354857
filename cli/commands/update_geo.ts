import { resolve } from "node:path";
import { openMmdb } from "../../ingest/enrich/mmdb.ts";
import { tryMmdb } from "../../ingest/enrich/mmdb_trial.ts";
import { type GeoConfig, isSafeAddress, isWebAddress } from "../../schemas/config_geo.ts";
import { formatDuration, iso } from "../../schemas/duration.ts";
import { keepDataSet, type NewDataSet } from "../geo/keep.ts";
import { type Obtained, obtain, originName } from "../geo/obtain.ts";
import { readRanges } from "../geo/ranges.ts";
import { geoFolder, rangesBytes, rangesFrom } from "../geo/sets.ts";
import type { Loaded } from "../load_config.ts";
import { CommandFault, count, type Out } from "../out.ts";

export interface UpdateGeoOptions {
  city?: string;
  asn?: string;
  /** `name=file or address`; the same name again adds to it. */
  ranges?: string[];
}

interface Order {
  kind: NewDataSet["kind"];
  name: string;
  origins: readonly string[];
}

/**
 * updateGeo loads address data from the files and addresses that the options name, else the config. Each set is taken whole or not at all;
 * one that fails leaves what was there. Gives the exit code, and how many sets were taken.
 */
export async function updateGeo(
  { config }: Pick<Loaded, "config">,
  options: UpdateGeoOptions,
  out: Out,
  now: number,
): Promise<{ code: number; taken: number }> {
  const orders = ordersOf(options, config.geo);
  if (orders.length === 0)
    throw new CommandFault(
      "No origin is named: give --city, --asn or --ranges, or fill in `geo` in the config (docs/geo.md).",
      2,
    );
  let taken = 0;
  for (const order of orders) {
    try {
      out.progress(`Loading ${order.name} from ${order.origins.map(originName).join(", ")}`);
      const set = await take(order, config.geo, geoFolder(config), now);
      out.line(
        `${order.name}: ${set.type} of ${set.made_at.slice(0, 10)} (${formatDuration(Math.max(0, now - Date.parse(set.made_at)))} old), ${count(set.bytes)} bytes, from ${set.from}`,
      );
      taken++;
    } catch (error) {
      out.note(`${order.name}: ${(error as Error).message}. What was in force before stays in force.`);
    }
  }
  out.progress(null);
  return { code: taken === orders.length ? 0 : 1, taken };
}

function ordersOf(options: UpdateGeoOptions, geo: GeoConfig): Order[] {
  const named = options.city !== undefined || options.asn !== undefined || options.ranges !== undefined;
  const city = named ? options.city && given(options.city) : geo.city;
  const asn = named ? options.asn && given(options.asn) : geo.asn;
  const ranges = named ? rangesOf(options.ranges ?? []) : geo.ranges;
  return [
    ...(city ? [{ kind: "city", name: "city", origins: [city] } as const] : []),
    ...(asn ? [{ kind: "asn", name: "asn", origins: [asn] } as const] : []),
    ...Object.entries(ranges).map(([name, origins]) => ({ kind: "ranges", name, origins }) as const),
  ];
}

function rangesOf(texts: string[]): Record<string, string[]> {
  const ranges: Record<string, string[]> = {};
  for (const text of texts) {
    const [, name, origin] = /^([a-z][a-z0-9_-]*)=(.+)$/.exec(text) ?? [];
    if (name === undefined || origin === undefined)
      throw new CommandFault(`--ranges takes name=file or name=https://…, not "${text}".`, 2);
    ranges[name] = [...(ranges[name] ?? []), given(origin)];
  }
  return ranges;
}

function given(origin: string): string {
  if (!isWebAddress(origin)) return resolve(origin);
  if (!isSafeAddress(origin)) throw new CommandFault(`${originName(origin)} is no https address.`, 2);
  return origin;
}

async function take({ kind, name, origins }: Order, bounds: GeoConfig, folder: string, now: number) {
  const obtained: Obtained[] = [];
  for (const origin of origins) obtained.push(await obtain(origin, bounds));
  const read =
    kind === "ranges" ? rangesIn(obtained) : { ...opened(obtained[0]!.bytes, kind), bytes: obtained[0]!.bytes };
  const set: NewDataSet = {
    ...{ kind, name, type: read.type },
    from: origins.map(originName).join(", "),
    made_at: iso(read.madeAt ?? Math.min(now, ...obtained.map((o) => o.changedAt ?? now))),
    fetched_at: iso(now),
  };
  return keepDataSet(folder, set, read.bytes, (stored) => {
    if (kind === "ranges") rangesFrom(stored);
    else opened(stored, kind);
  });
}

function opened(bytes: Buffer, kind: "city" | "asn") {
  const mmdb = openMmdb(bytes);
  tryMmdb(mmdb, kind);
  return mmdb;
}

/** rangesIn joins lists that come in several files, as Cloudflare's do. */
function rangesIn(obtained: Obtained[]) {
  const lists = obtained.map(({ bytes }) => readRanges(bytes.toString("utf8")));
  const networks = new Map(lists.flatMap((list) => [...list.networks]));
  const times = lists.flatMap((list) => list.madeAt ?? []);
  return { type: lists[0]!.type, madeAt: times.length > 0 ? Math.min(...times) : null, bytes: rangesBytes(networks) };
}
