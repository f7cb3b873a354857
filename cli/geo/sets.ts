import { join } from "node:path";
import { dataSets, readDataSet } from "../../ingest/enrich/data_sets.ts";
import type { Config } from "../../schemas/config.ts";
import { isCidr } from "../../schemas/network.ts";

/** geoFolder is where loaded address data lie. */
export const geoFolder = (config: Pick<Config, "store">): string => join(config.store.path, "geo");

/** rangesBytes and rangesFrom carry networks with their labels to the disk and back. */
export const rangesBytes = (networks: ReadonlyMap<string, string[]>): Buffer =>
  Buffer.from(JSON.stringify([...networks]));
export const rangesFrom = (bytes: Buffer): Map<string, string[]> =>
  new Map(JSON.parse(bytes.toString("utf8")) as [string, string[]][]);

interface Naming {
  network_sets?: Record<string, unknown>;
  keys?: { allowed_networks?: unknown }[];
  exemptions?: { networks?: unknown }[];
}

/**
 * withPublishedSets writes into an inventory the network sets that it names and does not declare, such as `aws:eu-central-1`, out of the ranges
 * that were loaded. So they become part of its version: an event is judged by the ranges of its time.
 */
export function withPublishedSets(document: unknown, folder: string): unknown {
  const inventory = document as Naming | null;
  if (typeof inventory !== "object" || inventory === null) return document;
  const lists = [
    ...listOf(inventory.keys).map((key) => key?.allowed_networks),
    ...listOf(inventory.exemptions).map((exemption) => exemption?.networks),
  ];
  const declared = inventory.network_sets ?? {};
  const wanted = new Set(
    lists
      .flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
      .filter((n): n is string => typeof n === "string" && !isCidr(n) && !(n in declared)),
  );
  if (wanted.size === 0) return document;
  const found = [...wanted].map((name) => [name, publishedSet(name, folder)] as const);
  const added = Object.fromEntries(found.filter(([, networks]) => networks.length > 0));
  return { ...inventory, network_sets: { ...declared, ...added } };
}

/** publishedSet gives the networks that have all the labels of a name such as `aws:eu-central-1:ec2`, in order. */
function publishedSet(name: string, folder: string): string[] {
  const [ranges = "", ...labels] = name.toLowerCase().split(":");
  const set = dataSets(folder).find((s) => s.kind === "ranges" && s.name === ranges);
  if (set === undefined) return [];
  const networks = [...rangesFrom(readDataSet(folder, set))];
  return networks
    .filter(([, has]) => labels.every((label) => has.includes(label)))
    .map(([network]) => network)
    .sort();
}

const listOf = <T>(value: T[] | undefined): T[] => (Array.isArray(value) ? value : []);
