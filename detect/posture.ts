import { DAY_MS } from "../schemas/duration.ts";
import { type Finding, findingUid } from "../schemas/finding.ts";
import { type Severity, shiftSeverity } from "../schemas/severity.ts";
import type { Hit, Policy, PostureFacts } from "./detection.ts";
import { isProduction } from "./grade.ts";
import type { DeclaredKey, KeyPolicy } from "./inventory_index.ts";

/** PostureKey is a declared key with what is known of its use. */
export interface PostureKey {
  declared: DeclaredKey;
  facts: PostureFacts;
  /** Whose findings it belongs to; a key that was never used is its own subject. */
  subject_uid: string;
  principal_uid: string;
  principal: string | null;
  key_hint: string | null;
  account: string | null;
}

type Overrides = Record<string, { enabled: boolean; severity?: Severity | undefined; weight?: number | undefined }>;

/**
 * judgePosture gives the findings that begin, end or begin again at the start of a UTC day (event time). `before` are the newest forms
 * of those known: a condition has one finding, drawn from when it began, and says resolved_at when it is true no more.
 */
export function judgePosture(
  day: number,
  keys: readonly PostureKey[],
  before: readonly Finding[],
  detections: readonly Policy[],
  overrides: Overrides = {},
): Finding[] {
  const now = day * DAY_MS;
  const known = new Map(before.map((f) => [f.uid, f]));
  const changed: Finding[] = [];
  const still = new Set<string>();
  for (const key of keys) {
    const { policy } = key.declared;
    if (ended(policy.revoked_at, now) || ended(policy.expires_at, now)) continue;
    for (const detection of detections) {
      if (overrides[detection.id]?.enabled === false) continue;
      const hit = detection.posture?.(policy, key.facts);
      if (!hit) continue;
      const made = findingOf(detection, hit, key, day, overrides);
      still.add(made.uid);
      const open = known.get(made.uid);
      if (open === undefined || open.resolved_at != null || open.reasons.join() !== made.reasons.join())
        changed.push(made);
    }
  }
  for (const f of before)
    if (f.resolved_at == null && !still.has(f.uid))
      changed.push({ ...f, resolved_at: now, version: versionOf(day, 1) });
  return changed.sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

const ended = (time: number | null, now: number): boolean => time !== null && now >= time;

/** The day counts up, and an end is newer than a beginning of the same day. */
const versionOf = (day: number, end: 0 | 1): number => day * 10 + end;

function findingOf(detection: Policy, hit: Hit, key: PostureKey, day: number, overrides: Overrides): Finding {
  const { policy, key_uid } = key.declared;
  const since = hit.bucket ?? day * DAY_MS;
  const words: Record<string, string> = { key_hint: policy.name, owner: policy.owner ?? "the key's owner" };
  return {
    uid: findingUid(detection.id, detection.version, key.subject_uid, hit.dimension, since),
    detection: detection.id,
    detection_version: detection.version,
    kind: "policy",
    severity: overrides[detection.id]?.severity ?? severityOf(hit.level, policy),
    title: detection.title,
    provider: policy.provider,
    account: key.account,
    subject_uid: key.subject_uid,
    principal_uid: key.principal_uid,
    principal: key.principal,
    key_uid,
    key_hint: key.key_hint,
    key_name: policy.name,
    owner: policy.owner,
    environment: policy.environment,
    tags: policy.tags,
    dimension: hit.dimension,
    bucket: since,
    first_seen: since,
    last_seen: Math.max(since, day * DAY_MS),
    reasons: hit.reasons,
    runbook: detection.runbook.map((step) => step.replace(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole)),
    quiet_if: [...(hit.quiet_if ?? []), ...detection.falsePositives.map((f) => `Often harmless when ${f}.`)],
    attacks: detection.tags,
    event_uids: [],
    event_count: 0,
    anomaly: {
      ...hit.anomaly,
      history: { days: Math.max(0, day - Math.floor(key.facts.watchedSince / DAY_MS)), events: key.facts.events },
      explanation: {
        peers: null,
        first_seen: [],
        charts: [],
        unapplied: {
          probability: "It compares with what was declared; chance does not enter.",
          peers: "It is about the key itself, not about a place that others could share.",
          first_seen: "It is about no single value; `keywatch keys show` tells since when the key is known.",
          chart: "Nothing was counted over time.",
          ...(key.facts.events === 0 ? { history: "It was never used, so it has no history." } : {}),
        },
      },
    },
    risk: 0,
    learning: false,
    late: false,
    resolved_at: null,
    version: versionOf(day, 0),
  };
}

function severityOf(level: Severity, { environment }: KeyPolicy): Severity {
  return environment !== null && !isProduction(environment) ? shiftSeverity(level, -1) : level;
}
