import { z } from "zod";
import { explanation } from "./explanation.ts";
import { severities } from "./severity.ts";
import { uuid5 } from "./uid.ts";

export const findingKinds = ["policy", "baseline", "fleet", "sigma"] as const;

/** anomaly is the arithmetic behind a finding; it becomes OCSF `anomaly_analyses`. Null means "does not apply". */
export const anomaly = z.strictObject({
  /** What was measured, such as `src.country` or `denied share in 15 min`. */
  parameter: z.string(),
  observed: z.union([z.string(), z.number()]),
  expected: z.union([z.string(), z.number()]).nullable(),
  /** Probability of something at least as odd under the key's own baseline. */
  p: z.number().nullable(),
  /** How much sealed history stands behind the judgement. */
  history: z.strictObject({ days: z.number(), events: z.number() }),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** Peers, first-seen facts, charts, and why a part does not apply; findings of earlier versions have none. */
  explanation: explanation.optional(),
});
export type Anomaly = z.infer<typeof anomaly>;

/**
 * finding is one detection result, an OCSF 1.8.0 Detection Finding (2004) in our own flat words.
 * The uid depends on (detection, version, subject, dimension, bucket) only, so a replay gives the same one.
 */
export const finding = z.strictObject({
  uid: z.string(),
  detection: z.string(),
  detection_version: z.number().int(),
  kind: z.enum(findingKinds),
  severity: z.enum(severities),
  title: z.string(),
  provider: z.string(),
  account: z.string().nullable(),
  subject_uid: z.string(),
  principal_uid: z.string(),
  principal: z.string().nullable(),
  key_uid: z.string().nullable(),
  key_hint: z.string().nullable(),
  key_name: z.string().nullable(),
  owner: z.string().nullable(),
  environment: z.string().nullable(),
  tags: z.array(z.string()),
  /** Subjects that a fleet finding is about. */
  members: z.array(z.string()).optional(),
  /** Value that the detection is about: a country, a window, an operation; part of the uid. */
  dimension: z.string(),
  /** Start of the aligned event-time bucket, ms; part of the uid. */
  bucket: z.number().int(),
  first_seen: z.number().int(),
  last_seen: z.number().int(),
  reasons: z.array(z.string()),
  runbook: z.array(z.string()),
  /** What would have kept it quiet. */
  quiet_if: z.array(z.string()),
  attacks: z.array(z.string()),
  /** Triggering events, oldest first, up to 50; event_count is the whole number. */
  event_uids: z.array(z.string()),
  event_count: z.number().int(),
  anomaly,
  /** r in 0..1: weight of the detection x verb weight x confidence (DETECTION.md, section 7). */
  risk: z.number(),
  learning: z.boolean(),
  late: z.boolean(),
  /** For conditions that end by themselves: event time at which it was true no more, ms; null while it is true. */
  resolved_at: z.number().int().nullable().optional(),
  /** Rises with every change of the finding, so that the store keeps the newest. */
  version: z.number().int(),
});
export type Finding = z.infer<typeof finding>;

export const MAX_EVENT_UIDS = 50;

/** findingUid is the identity of a finding; nothing else may enter it. */
export const findingUid = (
  detection: string,
  version: number,
  subject: string,
  dimension: string,
  bucket: number,
): string => uuid5("finding", detection, version, subject, dimension, bucket);

/** inEventOrder sorts a copy: incidents depend on the order of findings, so it must not depend on how the input was cut. */
export const inEventOrder = <T extends { uid: string; first_seen: number; version?: number }>(
  findings: readonly T[],
): T[] =>
  [...findings].sort(
    (a, b) =>
      a.first_seen - b.first_seen || (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : (a.version ?? 0) - (b.version ?? 0)),
  );
