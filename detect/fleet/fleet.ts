import type { Explanation } from "../../schemas/explanation.ts";
import { type Finding, findingUid } from "../../schemas/finding.ts";
import { type Severity, severities } from "../../schemas/severity.ts";
import type { Signal } from "../../schemas/signal.ts";
import { plural } from "../words.ts";
import deliveryLag from "./delivery_lag.ts";
import type { FleetDetection, FleetHit, FleetWatch } from "./fleet_detection.ts";
import providerDegraded from "./provider_degraded.ts";
import sharedNewSource from "./shared_new_source.ts";
import sourceSilent from "./source_silent.ts";

/** fleetCatalogue holds every detection that looks at many keys, or at their source; a test sees to it that no file is left out. */
export const fleetCatalogue: readonly FleetDetection[] = [sharedNewSource, providerDegraded, sourceSilent, deliveryLag];

/** Fleet turns the signals of all keys into findings about many of them. The same signal twice changes nothing. */
export interface Fleet {
  take(signals: readonly Signal[]): Finding[];
  text(): string;
  load(text: string): void;
  forget(subjects: ReadonlySet<string>): void;
  /** Time between two moments (ms) in which nothing could be heard of the keys of an account, ms. */
  unheard(provider: string, account: string | null, from: number, to: number): number;
  reset(): void;
}

type Overrides = Record<string, { enabled: boolean; severity?: Severity | undefined; weight?: number | undefined }>;

export function createFleet(overrides: Overrides = {}): Fleet {
  const enabled = fleetCatalogue.filter((d) => overrides[d.id]?.enabled !== false);
  let watches = enabled.map((d): [FleetDetection, FleetWatch] => [d, d.create()]);
  return {
    take(signals) {
      const found = new Map<string, Finding>();
      for (const signal of signals) {
        for (const [detection, watch] of watches) {
          for (const hit of watch.take(signal)) {
            const finding = findingOf(detection, hit, overrides);
            found.set(finding.uid, finding);
          }
        }
      }
      return [...found.values()];
    },
    text: () => JSON.stringify(Object.fromEntries(watches.map(([d, watch]) => [d.id, watch.state()]))),
    load(text) {
      const state = JSON.parse(text) as Record<string, unknown>;
      for (const [d, watch] of watches) if (state[d.id] !== undefined) watch.restore(state[d.id]);
    },
    forget(subjects) {
      for (const [, watch] of watches) watch.forget(subjects);
    },
    unheard: (...about) => watches.reduce((ms, [, watch]) => Math.max(ms, watch.unheard?.(...about) ?? 0), 0),
    reset() {
      watches = enabled.map((d): [FleetDetection, FleetWatch] => [d, d.create()]);
    },
  };
}

/** Many keys are compared with each other, so what belongs to one key does not apply. */
const fleetExplanation = ({ anomaly, unapplied }: FleetHit): Explanation => ({
  peers: null,
  first_seen: [],
  charts: [],
  unapplied: unapplied ?? {
    ...(anomaly.expected === null ? { expected: "Nothing is expected of many keys together." } : {}),
    ...(anomaly.p === null ? { probability: "It counts keys against a fixed bound; no distribution is assumed." } : {}),
    history: "It compares keys with each other in one window, not with a past.",
    peers: "The keys themselves are each other's peers; they stand in `members`.",
    first_seen: "It is about many keys; `detections explain` of one key's finding tells what was new to that one.",
    chart: "Keys are counted, each once; there is no course over time to draw.",
  },
});

function findingOf(detection: FleetDetection, hit: FleetHit, overrides: Overrides): Finding {
  const severity = overrides[detection.id]?.severity ?? hit.level;
  const { evidence, members } = hit;
  return {
    uid: findingUid(detection.id, detection.version, hit.subject, hit.dimension, hit.bucket),
    detection: detection.id,
    detection_version: detection.version,
    kind: "fleet",
    severity,
    title: detection.title,
    provider: hit.provider,
    account: hit.account,
    subject_uid: hit.subject,
    principal_uid: hit.subject,
    principal: hit.who ?? plural(members.length, "key"),
    ...{ key_uid: null, key_hint: null, key_name: null, owner: null, environment: null },
    tags: [],
    members,
    dimension: hit.dimension,
    bucket: hit.bucket,
    first_seen: evidence.first,
    last_seen: evidence.last,
    reasons: hit.reasons,
    runbook: detection.runbook,
    quiet_if: [...(hit.quiet_if ?? []), ...detection.falsePositives.map((f) => `Often harmless when ${f}.`)],
    attacks: detection.tags,
    event_uids: evidence.events.map(([, uid]) => uid),
    event_count: evidence.count,
    anomaly: { ...hit.anomaly, history: hit.history ?? { days: 0, events: 0 }, explanation: fleetExplanation(hit) },
    risk: Math.round((overrides[detection.id]?.weight ?? detection.weight) * 0.6 * 1e4) / 1e4,
    learning: false,
    late: false,
    ...(hit.ended === undefined ? {} : { resolved_at: hit.ended }),
    // What grows: keys first, then events, and time for windows without either.
    version: hit.growth ?? members.length * 1e6 + Math.min(evidence.count, 9_999) * 100 + severities.indexOf(severity),
  };
}
