import { existsSync } from "node:fs";
import { join } from "node:path";
import { catalogue } from "../detect/catalogue.ts";
import { createEngine, type Engine } from "../detect/engine.ts";
import type { EngineOptions } from "../detect/engine_options.ts";
import type { InventoryIndex } from "../detect/inventory_index.ts";
import { dataStamp } from "../ingest/enrich/data_sets.ts";
import { createEnricher, type Enrich, type PlaceOverride } from "../ingest/enrich/enrich.ts";
import { createFingerprinter, loadPepper, throwAwayPepper } from "../ingest/fingerprint.ts";
import type { NormalizerParts } from "../ingest/normalizer.ts";
import { loadProviders } from "../ingest/provider_folder.ts";
import { createRedactor } from "../ingest/redact/redactor.ts";
import { createRegistry } from "../ingest/registry.ts";
import type { Config } from "../schemas/config.ts";
import { MINUTE_MS } from "../schemas/duration.ts";
import { NetworkSet } from "../schemas/network.ts";
import { packageRoot } from "../schemas/package_root.ts";
import { geoFolder } from "./geo/sets.ts";
import { spareMemory } from "./heap.ts";
import type { Log } from "./log.ts";
import { ruleDetections } from "./rules.ts";

export interface PartsOptions {
  pepper: Buffer;
  /** Places of addresses that no database knows, for the demo. */
  places?: readonly PlaceOverride[];
  /** Told when loaded address data cannot be used. */
  onFault?: (sentence: string) => void;
}

/** Parts reads records; the enrichment can be loaded again while it runs. */
export interface Parts extends NormalizerParts {
  /** Which address data are in force (dataStamp). */
  addressData: string;
  loadEnrich(): Promise<Enrich>;
}

/** ingestParts makes what reads records: providers, redaction, fingerprint, enrichment. */
export async function ingestParts(config: Config, options: PartsOptions): Promise<Parts> {
  const dataFolder = geoFolder(config);
  const addressData = dataStamp(dataFolder);
  const loadEnrich = () =>
    createEnricher({
      cacheDirectory: join(packageRoot, "node_modules", ".cache", "keywatch"),
      overrides: options.places ?? [],
      dataFolder,
      ...(options.onFault ? { onFault: options.onFault } : {}),
    });
  const more = config.providers === null ? [] : await loadProviders(config.providers);
  return {
    registry: createRegistry({
      generic: config.generic,
      gateway_log: config.gateway_log,
      egress_log: config.egress_log,
      more,
    }),
    redactor: createRedactor({ fieldNames: config.redact.field_names }),
    fingerprint: createFingerprinter(options.pepper),
    enrich: await loadEnrich(),
    loadEnrich,
    addressData,
  };
}

/** pepperAtHand is the installation's pepper where there is one; commands that store nothing make do with a throw-away one. */
export function pepperAtHand(config: Config): Buffer {
  const directory = config.store.path;
  const given = process.env.KEYWATCH_PEPPER || existsSync(join(directory, "pepper"));
  return given ? loadPepper({ directory, env: process.env }) : throwAwayPepper();
}

/** latenessOf gives the lateness that the config or the provider names, ms. */
export function latenessOf(config: Config, parts: Pick<NormalizerParts, "registry">): (provider: string) => number {
  return (provider) => config.detect.lateness[provider] ?? parts.registry.byId(provider)?.latenessMs ?? 15 * MINUTE_MS;
}

/** detectionEngine makes the engine with every detection that ships, as configured. */
export function detectionEngine(
  config: Config,
  parts: NormalizerParts,
  inventory: InventoryIndex,
  onFault?: EngineOptions["onFault"],
  among?: Pick<EngineOptions, "onSignals" | "name">,
): Engine {
  const own = new NetworkSet(config.detect.own_networks);
  return createEngine({
    detections: [...catalogue, ...ruleDetections(config.detect.rules)],
    inventory,
    latenessOf: latenessOf(config, parts),
    learning: config.detect.learning,
    overrides: config.detect.detections,
    isOwn: (address) => own.has(address),
    onManyKeys: spareMemory,
    ...(onFault ? { onFault } : {}),
    ...among,
  });
}

/** Lines that one faulty detection may write: a fault comes with every event of its kind. */
const MAX_FAULT_LINES = 10;

/** faultTeller logs detections that threw. Their events were judged by all others, so nothing else is lost. */
export function faultTeller(log: Log): NonNullable<EngineOptions["onFault"]> {
  const told = new Map<string, number>();
  return (detection, eventUid, error) => {
    const times = (told.get(detection) ?? 0) + 1;
    told.set(detection, times);
    if (times <= MAX_FAULT_LINES)
      log.error({ detection, event_uid: eventUid, error: String(error) }, "A detection failed and was passed over.");
  };
}
