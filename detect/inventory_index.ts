import type { Hours, Inventory, InventoryKey } from "../schemas/inventory.ts";
import { isCidr, NetworkSet } from "../schemas/network.ts";
import type { DetectEvent } from "./detection.ts";

/** KeyPolicy is what the owner declared of one key, ready to be asked. */
export interface KeyPolicy extends Omit<InventoryKey, "hours"> {
  hours: Hours | null;
  /** Networks that are declared, null where none are. */
  networks: NetworkSet | null;
  /** Networks exempted from location findings, with their names and the moment the exemption ends, ms. */
  exempt: { names: string[]; networks: NetworkSet; until: number }[];
  /** Zone of the key or its owner, null where neither says. */
  zone: string | null;
  /** Whether an operation lies in the declared scopes; null where none are declared. */
  inScope: ((operation: string) => boolean) | null;
  /** What belongs to other environments only; null where the key's environment is not declared. */
  foreign: Foreign | null;
  /** key_uid of the declared predecessor. */
  replaces: string | null;
  /** When the successor's overlap ended, ms; null where this key has no successor. */
  replacedAt: number | null;
}

/** Foreign tells the environment that an account, a network or a host belongs to instead. */
export interface Foreign {
  accounts: ReadonlyMap<string, string>;
  networks: { environment: string; set: NetworkSet }[];
  /** Null where no other environment declares hosts. */
  hostOf: ((host: string) => string | null) | null;
}

export interface InventoryVersion {
  /** From when on it holds, ms. */
  effective_at: number;
  inventory: Inventory;
}

/** DeclaredKey is a key as one version of the inventory has it. */
export interface DeclaredKey {
  policy: KeyPolicy;
  /** Null where a principal is declared. */
  key_uid: string | null;
  /** From when on some version lists it, ms. */
  since: number;
}

/** InventoryIndex finds the declaration of a key as it was at the time of the event. */
export interface InventoryIndex {
  lookup(event: Pick<DetectEvent, "time" | "provider" | "key_uid" | "principal_uid" | "principal">): KeyPolicy | null;
  /** True when the inventory of that time says that it lists every key of the provider. */
  complete(provider: string, time: number): boolean;
  /** Every key that is declared at that time. */
  list(time: number): DeclaredKey[];
  empty: boolean;
}

type Fingerprint = (provider: string, keyId: string) => string;

/**
 * createInventoryIndex prepares versions for look-ups by fingerprint first and principal second.
 * Events older than the first version are judged by the first: scanning history with an inventory would say nothing otherwise.
 */
export function createInventoryIndex(versions: InventoryVersion[], fingerprint: Fingerprint): InventoryIndex {
  const sorted = [...versions].sort((a, b) => a.effective_at - b.effective_at);
  const indexes = sorted.map((v) => ({ from: v.effective_at, ...indexOne(v.inventory, fingerprint) }));
  const at = (time: number) => {
    let found = indexes[0];
    for (const index of indexes) if (index.from <= time) found = index;
    return found;
  };
  return {
    lookup: (event) => at(event.time)?.lookup(event) ?? null,
    complete: (provider, time) => at(time)?.complete.has(provider) ?? false,
    list: (time) =>
      (at(time)?.keys ?? []).map(({ policy, key_uid }) => ({
        policy,
        key_uid,
        since: sorted.find((v) => v.inventory.keys.some((k) => k.name === policy.name))?.effective_at ?? 0,
      })),
    empty: indexes.every((i) => i.size === 0 && i.complete.size === 0),
  };
}

function indexOne(inventory: Inventory, fingerprint: Fingerprint) {
  const byKey = new Map<string, KeyPolicy>();
  const byPrincipal = new Map<string, KeyPolicy>();
  const keys: { policy: KeyPolicy; key_uid: string | null }[] = [];
  for (const key of inventory.keys) {
    const policy = policyOf(key, inventory, fingerprint);
    const fingerprints = [
      ...(key.id === null ? [] : [fingerprint(key.provider, key.id)]),
      ...(key.fingerprint === null ? [] : [withProvider(key.provider, key.fingerprint)]),
    ];
    for (const uid of fingerprints) byKey.set(uid, policy);
    keys.push({ policy, key_uid: fingerprints[0] ?? null });
    if (key.principal !== null) byPrincipal.set(`${key.provider}\u0000${key.principal}`, policy);
  }
  const principals = new Map<string, KeyPolicy | null>();
  const byPrincipalOf = (event: { provider: string; principal_uid: string; principal: string | null }) => {
    const id = `${event.provider}\u0000${event.principal_uid}\u0000${event.principal ?? ""}`;
    let found = principals.get(id);
    if (found === undefined) {
      found = null;
      for (const name of principalNames(event)) found ??= byPrincipal.get(`${event.provider}\u0000${name}`) ?? null;
      if (principals.size > 100_000) principals.clear();
      principals.set(id, found);
    }
    return found;
  };
  return {
    size: inventory.keys.length,
    keys,
    complete: new Set(inventory.complete),
    lookup: (event: Pick<DetectEvent, "provider" | "key_uid" | "principal_uid" | "principal">): KeyPolicy | null =>
      (event.key_uid === null ? undefined : byKey.get(event.key_uid)) ??
      (byPrincipal.size === 0 ? null : byPrincipalOf(event)),
  };
}

/** A fingerprint may be written with or without its provider. */
const withProvider = (provider: string, fp: string): string =>
  fp.startsWith(`${provider}:`) ? fp : `${provider}:${fp}`;

/** A principal may be declared by its whole uid, its shown name, or the last part of an ARN. */
function* principalNames(event: { principal_uid: string; principal: string | null }): Generator<string> {
  yield event.principal_uid;
  if (event.principal !== null) yield event.principal;
  yield event.principal_uid.slice(event.principal_uid.lastIndexOf("/") + 1);
}

const keyUidOf = (key: InventoryKey, fingerprint: Fingerprint): string | null => {
  if (key.id !== null) return fingerprint(key.provider, key.id);
  return key.fingerprint === null ? null : withProvider(key.provider, key.fingerprint);
};

function policyOf(key: InventoryKey, inventory: Inventory, fingerprint: Fingerprint): KeyPolicy {
  const cidrs = (names: string[]) => names.flatMap((n) => (isCidr(n) ? [n] : (inventory.network_sets[n] ?? [])));
  const successor = inventory.keys.find((k) => k.rotation?.replaces === key.name);
  const old = inventory.keys.find((k) => k.name === key.rotation?.replaces);
  const created = successor?.rotation?.created_at ?? null;
  return {
    ...key,
    networks: key.allowed_networks === null ? null : new NetworkSet(cidrs(key.allowed_networks)),
    exempt: inventory.exemptions
      .filter((e) => e.key === key.name)
      .map((e) => ({ names: e.networks, networks: new NetworkSet(cidrs(e.networks)), until: e.expires_at })),
    zone: key.hours?.timezone ?? (key.owner === null ? null : (inventory.owners[key.owner]?.timezone ?? null)),
    replaces: old === undefined ? null : keyUidOf(old, fingerprint),
    inScope: key.scopes === null ? null : scopeTest(key.scopes),
    foreign: foreignTo(key.environment, inventory),
    replacedAt: created === null ? null : created + (successor?.rotation?.overlap ?? 0),
  };
}

/** scopeTest matches `service:Operation` against scopes such as `s3:Get*`, whatever their case. */
const scopeTest = (scopes: readonly string[]): ((operation: string) => boolean) => remembered(starTest(scopes));

/** starTest matches texts against patterns in which `*` stands for anything, whatever their case. */
function starTest(patterns: readonly string[]): (text: string) => boolean {
  const tests = patterns.map((pattern) => {
    const text = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*");
    return new RegExp(`^${text}$`, "i");
  });
  return (text) => tests.some((test) => test.test(text));
}

/** remembered asks once for each text, of which there are few and then very many. */
function remembered<T>(ask: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let found = known.get(text);
    if (found === undefined) {
      found = ask(text);
      if (known.size < 10_000) known.set(text, found);
    }
    return found;
  };
}

/** foreignTo gathers what other environments declare and this one does not. */
function foreignTo(name: string | null, { environments }: Inventory): Foreign | null {
  const own = name === null ? undefined : environments[name];
  if (own === undefined) return null;
  const accounts = new Map<string, string>();
  const networks: Foreign["networks"] = [];
  const hosts: { environment: string; fits: (host: string) => boolean }[] = [];
  for (const [environment, other] of Object.entries(environments)) {
    if (environment === name) continue;
    for (const account of other.accounts) if (!own.accounts.includes(account)) accounts.set(account, environment);
    const cidrs = other.networks.filter((n) => !own.networks.includes(n));
    if (cidrs.length > 0) networks.push({ environment, set: new NetworkSet(cidrs) });
    if (other.hosts.length > 0) hosts.push({ environment, fits: starTest(other.hosts) });
  }
  const isOwn = starTest(own.hosts);
  const hostOf = remembered((host: string): string | null => {
    const bare = host.replace(/:\d+$/, "");
    return isOwn(bare) ? null : (hosts.find(({ fits }) => fits(bare))?.environment ?? null);
  });
  return { accounts, networks, hostOf: hosts.length === 0 ? null : hostOf };
}
