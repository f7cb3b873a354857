import type { GenericMap } from "../schemas/config.ts";
import type { JsonObject, Provider } from "./provider.ts";
import awsCloudtrail from "./providers/aws_cloudtrail.ts";
import generic, { genericProvider } from "./providers/generic.ts";
import ocsf from "./providers/ocsf.ts";

/** builtIn is every provider that ships; a test walks ingest/providers/ and holds this list to it. */
export const builtIn: readonly Provider[] = [awsCloudtrail, ocsf, generic];

/** Ambiguous names the providers that claim one record; the mend is to name one of them for the source. */
export interface Ambiguous {
  ambiguous: string[];
}

export interface Registry {
  byId(id: string): Provider | null;
  /**
   * Says whose record this is; null where nobody claims it. `hint` is the provider of the record before, tried first: built-in
   * claims are disjoint (a test says so), so only the user's own maps can still disagree, and the answer is the same without it.
   */
  recognise(record: JsonObject, hint?: Provider | null): Provider | Ambiguous | null;
  ids(): string[];
}

export interface RegistryOptions {
  /** Replaces the built-in list. */
  providers?: readonly Provider[];
  /** Field maps of the config by provider id. */
  generic?: Record<string, GenericMap>;
}

/** createRegistry throws when a field map takes the id of another provider. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const shipped = options.providers ?? builtIn;
  const mapped = Object.entries(options.generic ?? {}).map(([id, map]) => genericProvider(id, map));
  const all = [...shipped, ...mapped];
  const byId = new Map<string, Provider>();
  for (const provider of all) {
    if (byId.has(provider.id))
      throw new Error(`generic.${provider.id}: a provider has this name already; choose another`);
    byId.set(provider.id, provider);
  }
  const disjoint = new Set(options.providers === undefined ? shipped : []);
  return {
    byId: (id) => byId.get(id) ?? null,
    recognise: (record, hint = null) =>
      hint !== null && disjoint.has(hint) && hint.claims(record)
        ? claimant(record, mapped, hint)
        : claimant(record, all, null),
    ids: () => [...byId.keys()],
  };
}

export const isAmbiguous = (answer: Provider | Ambiguous | null): answer is Ambiguous =>
  answer !== null && "ambiguous" in answer;

function claimant(
  record: JsonObject,
  candidates: readonly Provider[],
  known: Provider | null,
): Provider | Ambiguous | null {
  let found = known;
  let ids: string[] | null = null;
  for (const provider of candidates) {
    if (!provider.claims(record)) continue;
    if (found === null) found = provider;
    else ids = [...(ids ?? [found.id]), provider.id];
  }
  return ids === null ? found : { ambiguous: ids };
}
