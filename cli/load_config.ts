import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { type Config, config, crossCheck, openDoor } from "../schemas/config.ts";
import type { ChannelConfig } from "../schemas/config_channels.ts";
import { isWebAddress } from "../schemas/config_geo.ts";
import { ConfigFault, faultsOf, pathText } from "../schemas/faults.ts";
import { crossCheckInventory, type Inventory, inventory } from "../schemas/inventory.ts";
import { geoFolder, withPublishedSets } from "./geo/sets.ts";
import { inventoryNameFaults, nameFaults } from "./known_names.ts";

export const DEFAULT_CONFIG = "keywatch.yaml";

export interface Loaded {
  config: Config;
  /** Folder that relative paths of the config count from. */
  base: string;
  /** Null where no file was read and the defaults hold. */
  file: string | null;
}

/**
 * loadConfig reads keywatch.yaml, fills in secrets and checks everything. Without a named file the one in the folder is taken,
 * and without that the defaults. Throws ConfigFault with every fault and its path.
 */
export function loadConfig(
  file: string | null,
  env: Record<string, string | undefined> = process.env,
  data?: string,
): Loaded {
  const path = file ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : null);
  if (path === null) return { config: withData(config.parse({}), data), base: process.cwd(), file: null };
  const base = dirname(resolve(path));
  const faults: string[] = [];
  const document = withSecrets(readYaml(path), env, base, faults, "");
  const parsed = config.safeParse(document ?? {});
  const missing = new Set(faults.map(placeOf));
  const wrong = parsed.success ? [] : [...faultsOf(parsed.error, configKeys), ...crossFaults(crossCheck, document)];
  faults.push(...wrong.filter((fault) => !missing.has(placeOf(fault))));
  const whole = parsed.success ? withData(atBase(parsed.data, base), data) : null;
  if (whole !== null) faults.push(...nameFaults(whole));
  const at = whole ?? { ...withData(config.parse({}), data), inventory: inventoryOf(document, base) };
  if (at.inventory !== null) faults.push(...inventoryFaults(at.inventory, at, whole !== null));
  if (faults.length > 0 || whole === null) throw new ConfigFault(path, [...new Set(faults)]);
  return { config: whole, base, file: path };
}

/** placeOf gives the path that a fault is about: of a value that is not there nothing else can be said. */
const placeOf = (fault: string): string => fault.slice(0, fault.indexOf(": "));

/** --data (or KEYWATCH_DATA) chooses another data directory. */
const withData = (c: Config, data: string | undefined): Config =>
  data === undefined ? c : { ...c, store: { ...c.store, path: resolve(data) } };

/** listenAt takes the address of the command line in place of the config's. Throws ConfigFault where anybody could ask there. */
export function listenAt(c: Config, listen: string): void {
  c.http.listen = listen;
  const open = openDoor(c.http);
  if (open !== null) throw new ConfigFault("--listen", [`http.tokens: ${open}`]);
}

/** loadInventory reads an inventory in YAML or JSON. Throws ConfigFault with every fault. */
export function loadInventory(path: string, at: Pick<Config, "store">): Inventory {
  return parseInventory(readInventoryFile(path, at), path);
}

/** readInventoryFile gives the document with the published ranges that it names. */
export const readInventoryFile = (path: string, at: Pick<Config, "store">): unknown =>
  withPublishedSets(readYaml(path), geoFolder(at));

export function parseInventory(document: unknown, name: string): Inventory {
  const parsed = inventory.safeParse(document ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigFault(name, [
    ...new Set([...faultsOf(parsed.error, inventoryKeys), ...crossFaults(crossCheckInventory, document)]),
  ]);
}

type CrossCheck = (document: object, fault: (path: (string | number)[], message: string) => void) => void;

/** A schema that fails skips its own cross-check; people want all faults at once. */
function crossFaults(check: CrossCheck, document: unknown): string[] {
  const faults: string[] = [];
  if (typeof document === "object" && document !== null)
    check(document, (path, message) => faults.push(`${pathText(path)}: ${message}`));
  return faults;
}

/** inventoryOf gives the path that a faulty config names, so that people see the faults of both files at once. */
const inventoryOf = (document: unknown, base: string): string | null => {
  const path = (document as { inventory?: unknown } | null)?.inventory;
  return typeof path === "string" ? resolve(base, path) : null;
};

/** Without a whole config nobody knows which providers it makes. */
function inventoryFaults(path: string, at: Config, withNames: boolean): string[] {
  try {
    const declared = loadInventory(path, at);
    return withNames ? inventoryNameFaults(declared, at).map((f) => `inventory ${path}: ${f}`) : [];
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults.map((f) => `inventory ${path}: ${f}`);
    throw error;
  }
}

export function readYaml(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new ConfigFault(path, [missing ? "there is no such file" : (cause as Error).message]);
  }
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0)
    throw new ConfigFault(
      path,
      document.errors.map((e) => e.message.split("\n")[0]!),
    );
  return document.toJS({ maxAliasCount: 100 });
}

/** withSecrets fills ${VAR} from the environment and `file:` values from files; what is missing is a fault with its path. */
function withSecrets(
  value: unknown,
  env: Record<string, string | undefined>,
  base: string,
  faults: string[],
  path: string,
): unknown {
  if (typeof value === "string") return secretText(value, env, base, faults, path);
  if (Array.isArray(value)) return value.map((v, i) => withSecrets(v, env, base, faults, `${path}[${i}]`));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, withSecrets(v, env, base, faults, path === "" ? k : `${path}.${k}`)]),
  );
}

function secretText(
  text: string,
  env: Record<string, string | undefined>,
  base: string,
  faults: string[],
  path: string,
): string {
  if (text.startsWith("file:")) {
    const file = resolve(base, text.slice(5));
    try {
      return readFileSync(file, "utf8").trim();
    } catch {
      faults.push(`${path}: the secret file ${text.slice(5)} cannot be read`);
      return text;
    }
  }
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
    const value = env[name];
    if (value !== undefined && value !== "") return value;
    faults.push(`${path}: the environment has no ${name}; set it, or write the value as file:<path>`);
    return whole;
  });
}

/** atBase makes the paths of the config absolute. */
function atBase(c: Config, base: string): Config {
  return {
    ...c,
    store: { ...c.store, path: resolve(base, c.store.path) },
    detect: { ...c.detect, rules: c.detect.rules === null ? null : resolve(base, c.detect.rules) },
    inventory: c.inventory === null ? null : resolve(base, c.inventory),
    geo: {
      ...c.geo,
      city: originAtBase(c.geo.city, base),
      asn: originAtBase(c.geo.asn, base),
      ranges: Object.fromEntries(
        Object.entries(c.geo.ranges).map(([name, origins]) => [name, origins.map((o) => originAtBase(o, base)!)]),
      ),
    },
    providers: c.providers === null ? null : resolve(base, c.providers),
    sources: c.sources.map((s) => (s.kind === "folder" ? { ...s, path: resolve(base, s.path) } : s)),
    receivers: c.receivers.map((r) => ({ ...r, channels: r.channels.map((channel) => channelAtBase(channel, base)) })),
  };
}

const originAtBase = (origin: string | null, base: string): string | null =>
  origin === null || isWebAddress(origin) ? origin : resolve(base, origin);

const channelAtBase = (channel: ChannelConfig, base: string): ChannelConfig =>
  channel.kind === "file" && channel.path !== "-" ? { ...channel, path: resolve(base, channel.path) } : channel;

/** keysOf lists every key name of a schema, for "did you mean". */
function keysOf(schema: z.ZodType, found = new Set<string>(), seen = new Set<unknown>()): Set<string> {
  if (seen.has(schema)) return found;
  seen.add(schema);
  const def = (schema as unknown as { def: Record<string, unknown> }).def;
  const shape = (schema as unknown as { shape?: Record<string, z.ZodType> }).shape;
  for (const [name, child] of Object.entries(shape ?? {})) {
    found.add(name);
    keysOf(child, found, seen);
  }
  for (const name of ["innerType", "element", "in", "out", "valueType"] as const) {
    if (def[name]) keysOf(def[name] as z.ZodType, found, seen);
  }
  for (const option of (def.options as z.ZodType[] | undefined) ?? []) keysOf(option, found, seen);
  return found;
}

const configKeys = [...keysOf(config)];
const inventoryKeys = [...keysOf(inventory)];

/** socketPath is where `serve` listens for the commands of people on the same machine. */
export const socketPath = (c: Config): string => join(c.store.path, "keywatch.sock");
