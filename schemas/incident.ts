import { z } from "zod";
import { severities } from "./severity.ts";
import { uuid5 } from "./uid.ts";

export const incidentStatuses = ["open", "acknowledged", "resolved", "reopened", "merged_into"] as const;
export const verdicts = ["true_positive", "benign", "false_positive", "expected"] as const;
export type Verdict = (typeof verdicts)[number];

export const transitionKinds = [
  "opened",
  "updated",
  "escalated",
  "acknowledged",
  "assigned",
  "commented",
  "suggested",
  "resolved",
  "reopened",
  "merged",
  /** Told again, or to somebody else, because nobody acknowledged it. */
  "reminded",
] as const;
export type TransitionKind = (typeof transitionKinds)[number];

/** suggestion is what the key's owner answered to "was this you?": of these findings, each one value of this key, and of no others. */
export const suggestion = z.strictObject({
  verdict: z.enum(verdicts),
  by: z.string(),
  at: z.number().int(),
  finding_uids: z.array(z.string()),
});

/** incident is the fold of its transitions: findings of one subject closer than 24 h in event time. */
export const incident = z.strictObject({
  uid: z.string(),
  subject_uid: z.string(),
  /** Null when one cause hit many keys; they stand in `members`. */
  key_uid: z.string().nullable(),
  key_hint: z.string().nullable(),
  key_name: z.string().nullable(),
  principal_uid: z.string(),
  principal: z.string().nullable(),
  owner: z.string().nullable(),
  environment: z.string().nullable(),
  provider: z.string(),
  account: z.string().nullable(),
  tags: z.array(z.string()),
  members: z.array(z.string()),
  title: z.string(),
  severity: z.enum(severities),
  /** 0..100 (DETECTION.md, section 7). */
  risk: z.number(),
  status: z.enum(incidentStatuses),
  verdict: z.enum(verdicts).nullable(),
  assignee: z.string().nullable(),
  merged_into: z.string().nullable(),
  /** The owner's answer; it resolves nothing. */
  suggested: suggestion.nullable().optional(),
  /** From where, in words: "203.0.113.9 (Example Net, DE)". */
  from: z.string().nullable().optional(),
  first_seen: z.number().int(),
  last_seen: z.number().int(),
  opened_at: z.number().int(),
  updated_at: z.number().int(),
  finding_uids: z.array(z.string()),
  detections: z.array(z.string()),
  reasons: z.array(z.string()),
  runbook: z.array(z.string()),
  event_count: z.number().int(),
  /** Number of the last transition folded in. */
  n: z.number().int(),
});
export type Incident = z.infer<typeof incident>;

/** transition is one line of the append-only log of an incident; (incident_uid, n) is its identity. */
export const transition = z.strictObject({
  incident_uid: z.string(),
  n: z.number().int(),
  kind: z.enum(transitionKinds),
  at: z.number().int(),
  /** `keywatch`, or the person or tool who did it. */
  actor: z.string(),
  /** Command id for what a person did, so that a repeated command is one transition; else "". */
  command_id: z.string(),
  note: z.string(),
  /** The whole incident after this transition: the fold, so that a reader needs the last row only. */
  state: incident,
});
export type Transition = z.infer<typeof transition>;

/** incidentUid of the finding that opened it. */
export const incidentUid = (openingFindingUid: string): string => uuid5("incident", openingFindingUid);
/** incidentLabel is the short name people say. */
export const incidentLabel = (uid: string): string => `INC-${uid.slice(0, 8)}`;

/** command is what a person or tool asks for; `id` makes repeating it harmless. */
export const command = z.strictObject({
  id: z.string(),
  incident_uid: z.string(),
  /** `close` is a resolve by a tool that knows no verdicts; `suggest` is what the key's owner says it was. */
  kind: z.enum(["acknowledge", "assign", "comment", "resolve", "reopen", "close", "suggest"]),
  actor: z.string(),
  at: z.number().int(),
  note: z.string().default(""),
  assignee: z.string().nullable().default(null),
  verdict: z.enum(verdicts).nullable().default(null),
  /** What a suggestion is about. */
  finding_uids: z.array(z.string()).optional(),
});
export type Command = z.infer<typeof command>;
