import type { Explanation } from "../schemas/explanation.ts";
import { type Finding, findingUid } from "../schemas/finding.ts";
import { maxSeverity, type Severity, severities } from "../schemas/severity.ts";
import type { Baseline, DetectEvent, Evidence, Hit, Policy } from "./detection.ts";
import { gradeSeverity, sourceConfidence, verbWeight } from "./grade.ts";
import type { KeyPolicy } from "./inventory_index.ts";
import { addEvidence, addFirst, emptyEvidence, insertSorted } from "./windows.ts";

/** FindingState is a finding in the making: it grows with its bucket, and its lead event does not depend on arrival. */
export interface FindingState {
  finding: Finding;
  evidence: Evidence;
  /** (time, uid) of the event whose words and key it carries: the gravest, then the oldest. */
  lead: [number, string];
  /** Severity that the lead event gave. */
  leadLevel: Severity;
}

export interface HitContext {
  detection: Policy | Baseline;
  event: DetectEvent;
  policy: KeyPolicy | null;
  history: { days: number; events: number };
  learning: boolean;
  late: boolean;
  severityOverride: Severity | undefined;
  weightOverride: number | undefined;
  /** Asked for when the finding takes the words of this hit. */
  explain(): Explanation;
}

/** startFinding makes the state of a hit's first event. */
export function startFinding(hit: Hit, c: HitContext, bucket: number): FindingState {
  const { detection, event, policy } = c;
  const severity = severityOf(hit, c);
  const state: FindingState = {
    evidence: emptyEvidence(),
    lead: [event.time, event.event_uid],
    leadLevel: severity,
    finding: {
      uid: findingUid(detection.id, detection.version, event.subject_uid, hit.dimension, bucket),
      detection: detection.id,
      detection_version: detection.version,
      kind: detection.kind === "baseline" && detection.rule ? "sigma" : detection.kind,
      severity,
      title: detection.title,
      provider: event.provider,
      account: event.account,
      subject_uid: event.subject_uid,
      principal_uid: event.principal_uid,
      principal: event.principal,
      key_uid: event.key_uid,
      key_hint: event.key_hint,
      key_name: policy?.name ?? null,
      owner: policy?.owner ?? null,
      environment: policy?.environment ?? event.environment,
      tags: policy?.tags ?? [],
      dimension: hit.dimension,
      bucket,
      first_seen: event.time,
      last_seen: event.time,
      reasons: [],
      runbook: [],
      quiet_if: [],
      attacks: detection.tags,
      event_uids: [],
      event_count: 0,
      anomaly: { ...hit.anomaly, history: c.history },
      risk: 0,
      learning: c.learning,
      late: c.late,
      version: 0,
    },
  };
  takeWords(state, hit, c);
  absorb(state, hit, event);
  return state;
}

/** growFinding adds another hit of the same bucket. Gives true when the finding says something new. */
export function growFinding(state: FindingState, hit: Hit, c: HitContext): boolean {
  const { event } = c;
  const level = severityOf(hit, c);
  const grave = severities.indexOf(level) - severities.indexOf(state.leadLevel);
  const older = event.time < state.lead[0] || (event.time === state.lead[0] && event.event_uid < state.lead[1]);
  if (grave > 0 || (grave === 0 && (older || hit.evidence !== undefined))) {
    if (grave > 0 || older) {
      state.lead = [event.time, event.event_uid];
      state.leadLevel = level;
      state.finding.key_uid = event.key_uid;
      state.finding.key_hint = event.key_hint;
    }
    takeWords(state, hit, c);
  }
  state.finding.severity = maxSeverity(state.finding.severity, level);
  state.finding.late ||= c.late;
  return absorb(state, hit, event);
}

function takeWords(state: FindingState, hit: Hit, c: HitContext): void {
  const { finding } = state;
  finding.reasons = hit.reasons;
  finding.quiet_if = [...(hit.quiet_if ?? []), ...c.detection.falsePositives.map((f) => `Often harmless when ${f}.`)];
  finding.anomaly = {
    ...hit.anomaly,
    history: c.history,
    facts: { ...placeFacts(c.event), ...hit.anomaly.facts },
    explanation: c.explain(),
  };
  const risk =
    (c.weightOverride ?? c.detection.weight) * verbWeight(c.event, hit.usualAdmin) * sourceConfidence(c.event);
  finding.risk = Math.max(finding.risk, Math.round(risk * 1e4) / 1e4);
  const words = stepWords(finding, c.event);
  finding.runbook = c.detection.runbook.map((step) =>
    step.replace(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole),
  );
}

/** placeFacts say where the lead event came from, for titles and tables. */
function placeFacts(event: DetectEvent): Record<string, string> {
  const facts: Record<string, string> = {};
  if (event.src_ip !== null) facts.src_ip = event.src_ip;
  if (event.as_org !== null) facts.as_org = event.as_org;
  if (event.country !== null) facts.country = event.country;
  return facts;
}

/** stepWords are what the names in a runbook stand for. */
function stepWords(finding: Finding, event: DetectEvent): Record<string, string> {
  return {
    key_hint: finding.key_name ?? finding.key_hint ?? "the key",
    owner: finding.owner ?? "the key's owner",
    principal: finding.principal ?? finding.principal_uid,
    operation: event.operation,
    first_seen: new Date(finding.first_seen).toISOString().replace(/\.\d+Z$/, "Z"),
    source: event.src_ip ?? "an unknown source",
  };
}

/** severityOf is the severity that the hit alone gives. */
export function severityOf(hit: Hit, c: HitContext): Severity {
  return c.severityOverride ?? gradeSeverity(c.detection, hit.level, c.event, c.policy, hit.usualAdmin);
}

/** absorb takes the hit's evidence over, or adds the event. Gives true when the count moved. */
function absorb(state: FindingState, hit: Hit, event: DetectEvent): boolean {
  const { finding } = state;
  const before = finding.event_count;
  if (hit.evidence) {
    state.evidence = hit.evidence;
  } else if (hit.firstOnly) {
    addFirst(state.evidence, event.time, event.event_uid);
  } else {
    addEvidence(state.evidence, event.time, event.event_uid);
  }
  const events = [...state.evidence.events];
  for (const [time, uid] of hit.also ?? []) insertSorted(events, time, uid);
  const extra = events.length - state.evidence.events.length;
  finding.event_uids = events.map(([, uid]) => uid);
  finding.event_count = state.evidence.count + Math.max(0, extra);
  finding.first_seen = state.evidence.first;
  finding.last_seen = state.evidence.last;
  finding.version = finding.event_count * 10 + severities.indexOf(finding.severity);
  return finding.event_count !== before;
}
