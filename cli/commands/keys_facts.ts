import type { KeyPolicy } from "../../detect/inventory_index.ts";
import { type Profile, profileFrom } from "../../detect/profile.ts";
import { DAY_MS, iso } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import {
  findingsOfSubject,
  newestProfile,
  type SubjectRow,
  subjectAddresses,
  subjectDays,
  subjectOperations,
  subjectOutcomes,
} from "../../schemas/queries/keys.ts";
import type { App } from "../app.ts";
import { type ExemptionUse, exemptionJson, exemptionUse } from "../keys/exemptions.ts";
import { proposeHours } from "../keys/hours.ts";
import { knowledgeOf } from "../keys/knowledge.ts";
import { type LocalActivity, localActivity } from "../keys/local.ts";
import type { Observed } from "../keys/observed.ts";
import { loadObserved, spanOf } from "./keys_observed.ts";

const MAX_FINDINGS = 5;
const MAX_ADDRESSES = 100_000;

/** Facts is all that is shown of one key. */
export interface Facts {
  observed: Observed;
  operations: { operation: string; service: string | null; verb_class: string; events: number }[];
  outcomes: { outcome: string; events: number }[];
  /** Calls of each active day. */
  perDay: number[];
  findings: Finding[];
  profile: Profile | null;
  /** What its exemptions matched. */
  exemptions: ExemptionUse[];
}

/** gatherFacts asks the store about one key; its profile comes from memory where the engine holds it. */
export async function gatherFacts(
  app: App,
  subject: SubjectRow,
  policy: KeyPolicy | null,
  spanDays: number,
): Promise<Facts> {
  const to = app.now() + 1;
  // Of a key that is silent for longer, its last days of use are shown.
  const from = Math.max(0, Math.min(to, subject.last_ms) - spanDays * DAY_MS);
  const span = spanOf([subject], Math.floor(from), to);
  const [observed] = await loadObserved(app, [subject], span.from, to);
  const loaded = app.engine.profile(subject.subject_uid);
  const [stored] = loaded === null ? await app.store.ask(newestProfile, { subject: subject.subject_uid }) : [];
  return {
    observed: observed!,
    operations: await app.store.ask(subjectOperations, { ...span, limit: 1_000 }),
    outcomes: await app.store.ask(subjectOutcomes, span),
    perDay: (await app.store.ask(subjectDays, span)).map((d) => d.events),
    findings: (await app.store.ask(findingsOfSubject, { subject: subject.subject_uid, limit: MAX_FINDINGS })).map(
      (r) => JSON.parse(r.document) as Finding,
    ),
    profile: loaded ?? (stored === undefined ? null : profileFrom(stored.state)),
    exemptions:
      (policy?.exempt ?? []).length === 0
        ? []
        : exemptionUse(policy, await app.store.ask(subjectAddresses, { ...span, limit: MAX_ADDRESSES })),
  };
}

/** factsJson is the machine's form: additive changes only. `profileZone` is the zone in which the profile keeps its hours. */
export function factsJson(facts: Facts, zone: string, profileZone: string, spanDays: number): object {
  const { observed, profile } = facts;
  const local = activityOf(observed, zone);
  const hours = proposeHours(observed);
  return {
    span_days: spanDays,
    calls_per_active_day: { median: quantile(facts.perDay, 0.5), p95: quantile(facts.perDay, 0.95) },
    active_days: facts.perDay.length,
    countries_seen: observed.countries
      .filter((c) => c.country !== "")
      .map(({ country, events, days }) => ({ country, events, days })),
    networks_seen: observed.sources.slice(0, 64).map(({ src_net, asn, as_org, country, events, days }) => ({
      network: src_net,
      asn,
      as_org,
      country,
      events,
      days,
    })),
    zone,
    hours_of_week: [...local.byHourOfWeek],
    usual_hours: hours.value,
    operations: facts.operations.slice(0, 64),
    outcomes: facts.outcomes,
    exemptions: facts.exemptions.map(exemptionJson),
    knowledge: profile === null ? null : knowledgeOf(profile, profileZone),
    findings: facts.findings.map((f) => ({
      uid: f.uid,
      detection: f.detection,
      severity: f.severity,
      title: f.title,
      last_seen: iso(f.last_seen),
    })),
  };
}

export const activityOf = (observed: Observed, zone: string): LocalActivity =>
  localActivity(
    [...new Set(observed.countries.flatMap((c) => c.slots))].sort((a, b) => a - b),
    zone,
  );

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
