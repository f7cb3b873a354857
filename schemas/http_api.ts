import { z } from "zod";
import { apiActivity } from "./activity.ts";
import { HOUR_MS } from "./duration.ts";
import { finding } from "./finding.ts";
import { incident, transition, verdicts } from "./incident.ts";
import { severities } from "./severity.ts";
import { MAX_SILENCE_MS, silence, silenceStates } from "./silence.ts";

/** What the HTTP API answers and takes. Public: additive changes only. Times are ISO-8601 UTC where a person reads them, ms in charts. */

const time = z.string().describe("ISO-8601, UTC");
const count = z.number().int();
const text = z.string();

export const incidentOut = incident.extend({
  kind: z.literal("incident"),
  first_seen: time,
  last_seen: time,
  opened_at: time,
  updated_at: time,
});
export const findingOut = finding.extend({
  kind: z.literal("finding"),
  detection_kind: finding.shape.kind,
  bucket: time,
  first_seen: time,
  last_seen: time,
});
const transitionOut = transition.omit({ state: true });
export const incidentDetail = incidentOut.extend({ transitions: z.array(transitionOut) });

/** A row of a search: everything but the record itself. */
export const eventOut = apiActivity
  .omit({ raw: true, seq: true, position: true, ingested_at: true })
  .extend({ time, session_kind: text, resources: z.array(text) });
export const eventPage = z.object({
  events: z.array(eventOut),
  next: z.string().nullable().describe("goes into `before`; null where the search came to its end"),
  from: z.number(),
  to: z.number(),
  searched_to: z.number().describe("how far back this page looked, ms"),
});
export const eventDetail = eventOut.extend({
  ingested_at: time,
  position: text,
  raw: text.describe("the record after redaction, as JSON text"),
});

/** Active days per local hour of the week, Monday 0 h first, with the hours of the incident marked. */
const hoursChart = z.object({
  zone: text,
  active_days: count,
  cells: z.array(z.number()).length(168),
  marks: z.array(z.object({ hour: count, events: count })),
  informative: z.boolean(),
  words: text,
});
const countsChart = z.object({
  step_ms: count,
  points: z.array(z.object({ at: count, calls: count, failed: count })),
  expected: z
    .object({ low: z.number(), mean: z.number(), high: z.number(), windows: count })
    .nullable()
    .describe("calls of an active window of the key's own past: mean, and two standard deviations around it"),
  from: count.describe("the incident, ms"),
  to: count,
});
const rung = z.object({
  level: z.enum(["ip", "net", "asn", "country"]),
  known: count,
  unseen: z.number().nullable().describe("share of observations in which a new value was expected"),
  informative: z.boolean(),
  words: text,
  values: z.array(z.object({ value: text, label: text, is_new: z.boolean(), events: count })),
});
export const evidence = z.object({
  findings: z.array(findingOut),
  hours: hoursChart.nullable(),
  counts: countsChart.nullable(),
  ladder: z.array(rung),
  events: z.array(eventOut),
});

export const postures = [
  "unlisted",
  "unused",
  "dormant",
  "rotation_due",
  "revoked_used",
  "expired_used",
  "over_privileged",
  "beyond_access",
  "no_owner",
] as const;
const posture = z.object({ id: z.enum(postures), words: text });
export const keyOut = z.object({
  name: text,
  declared: z.boolean(),
  provider: text,
  account: text.nullable(),
  subject_uid: text.nullable().describe("null for a key of the inventory that was never seen"),
  key_hint: text.nullable(),
  key_type: text.nullable(),
  principal_uid: text.nullable(),
  owner: text.nullable(),
  environment: text.nullable(),
  access_declared: text.nullable(),
  access_observed: text.nullable(),
  first_seen: time.nullable(),
  last_used: time.nullable(),
  events: count,
  events_30d: count,
  denied: count,
  networks: count,
  countries: count,
  open_findings: count,
  posture: z.array(posture),
});
const share = z.object({ name: text, detail: text.nullable(), events: count, days: count.nullable() });
export const keyDetail = keyOut.extend({
  span_days: count,
  zone: text,
  usual_hours: text.nullable(),
  hours_of_week: z.array(z.number()),
  profile_hours: hoursChart.nullable(),
  per_day: z.array(z.object({ day: text, events: count })),
  places: z.array(share),
  networks_seen: z.array(share),
  operations: z.array(share),
  outcomes: z.array(share),
  learned: z.array(text),
  uninformative: z.array(text),
  waiting: z.array(text),
  declaration: z.record(text, z.unknown()).nullable(),
  incidents: z.array(incidentOut),
});

export const sourceOut = z.object({
  provider: text,
  title: text,
  events: count.describe("in the last 30 days"),
  events_24h: count,
  newest: time.nullable(),
  arrived: time.nullable(),
  lag_seconds: z.number().nullable(),
  lateness_seconds: z.number(),
  health: z.enum(["fresh", "silent", "never"]),
  words: text,
  feeds: z.array(text),
  lacks: z.array(z.object({ detection: text, why: text })),
});
export const databaseOut = z.object({
  what: text,
  name: text,
  version: text.nullable().describe("null where it is not installed"),
  from: text.nullable().describe("null for what ships"),
  made_at: time.nullable(),
  is_old: z.boolean().describe("older than geo.max_age"),
  words: text,
});
export const feedOut = z.object({ kind: text, name: text, provider: text });

const bucket = z.object({ at: count, success: count, denied: count, failed: count });
export const stats = z.object({
  from: time,
  to: time,
  step_ms: count,
  events: count,
  activity: z.array(bucket),
  findings: z.array(z.object({ at: count, severity: z.enum(severities), findings: count })),
  countries: z.array(z.object({ country: text, name: text, events: count, denied: count, keys: count })),
});
export const status = z.object({
  version: text,
  events: count,
  keys: count,
  findings: count,
  dead_letters: count,
  deferred: count,
  newest: count.nullable(),
});
export const auditOut = z.object({
  at: time,
  actor: text,
  via: text,
  action: text,
  target: text,
  detail: text,
});
export const silenceOut = silence.extend({
  label: text,
  state: z.enum(silenceStates),
  starts_at: time,
  ends_at: time,
  created_at: time,
  expired_at: time.nullable(),
});
export const silenceBody = z.strictObject({
  matchers: z
    .array(z.string().min(1).max(500))
    .min(1)
    .max(20)
    .describe('such as key_name="billing-bot"; all of them have to match'),
  reason: z.string().min(1).max(500),
  hours: z
    .number()
    .positive()
    .max(MAX_SILENCE_MS / HOUR_MS),
});
export const session = z.object({
  login: z.enum(["open", "required", "done"]).describe("open: this machine alone, without tokens"),
  name: text.nullable(),
  roles: z.array(text),
  csrf: text.nullable().describe("to send as x-keywatch-csrf with every change from a browser"),
});
export const fault = z.object({ error: text });

export const noteBody = z.strictObject({ note: z.string().max(2_000).default("") });
export const assignBody = noteBody.extend({ assignee: z.string().min(1).max(200).nullable() });
export const commentBody = z.strictObject({ note: z.string().min(1).max(2_000) });
export const resolveBody = noteBody.extend({ verdict: z.enum(verdicts) });
export const loginBody = z.strictObject({ token: z.string().min(1).max(1_000) });

const word = z.string().max(500).optional();
const limit = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);
const when = z
  .string()
  .max(40)
  .refine(
    (t) => Number.isFinite(/^-?\d{1,15}$/.test(t) ? Number(t) : Date.parse(t)),
    "write a time like 2026-06-01T10:00Z",
  )
  .optional()
  .describe("ISO-8601, or ms since the epoch");
export const incidentQuery = z.strictObject({
  status: z.enum(["open", "acknowledged", "resolved", "reopened", "merged_into", "unresolved", "all"]).optional(),
  all: z.enum(["0", "1"]).optional().describe("1 is short for status=all"),
  min_severity: z.enum(severities).optional(),
  q: word,
  since: when,
  until: when,
  limit: limit(1_000, 100),
});
export const keyQuery = z.strictObject({ q: word, posture: z.enum(postures).optional(), limit: limit(5_000, 500) });
export const findingQuery = z.strictObject({
  min_severity: z.enum(severities).optional(),
  detection: word,
  key: word,
  limit: limit(500, 50),
});
export const eventQuery = z.strictObject({
  from: when,
  to: when,
  key: word.describe("subject_uid, key_uid, key_hint or principal"),
  operation: word.describe("part of the operation or service"),
  outcome: z.enum([...apiActivity.shape.outcome.options, "failed"]).optional(),
  verb: apiActivity.shape.verb_class.optional(),
  provider: word,
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  ip: word.describe("an address, or a CIDR"),
  q: word.describe("part of principal, resource, user agent or error"),
  limit: limit(500, 100),
  before: z.string().max(200).optional().describe("`next` of the page before"),
});
export const eventName = z.strictObject({
  principal_uid: z.string().max(2_000),
  time: z.string().max(40),
  event_uid: z.string().max(500),
});
export const statsQuery = z.strictObject({ from: when, to: when });
export const auditQuery = z.strictObject({ limit: limit(1_000, 200) });

/** timeOf reads a time of a query into ms; the fallback where it is left out. */
export const timeOf = (text: string | undefined, fallback: number): number =>
  text === undefined ? fallback : /^-?\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);

export type IncidentOut = z.infer<typeof incidentOut>;
export type IncidentDetail = z.infer<typeof incidentDetail>;
export type FindingOut = z.infer<typeof findingOut>;
export type EventOut = z.infer<typeof eventOut>;
export type EventPage = z.infer<typeof eventPage>;
export type EventDetail = z.infer<typeof eventDetail>;
export type Evidence = z.infer<typeof evidence>;
export type HoursChart = z.infer<typeof hoursChart>;
export type CountsChart = z.infer<typeof countsChart>;
export type Rung = z.infer<typeof rung>;
export type KeyOut = z.infer<typeof keyOut>;
export type KeyDetail = z.infer<typeof keyDetail>;
export type Posture = z.infer<typeof posture>;
export type Share = z.infer<typeof share>;
export type SourceOut = z.infer<typeof sourceOut>;
export type DatabaseOut = z.infer<typeof databaseOut>;
export type FeedOut = z.infer<typeof feedOut>;
export type Stats = z.infer<typeof stats>;
export type StatusOut = z.infer<typeof status>;
export type AuditOut = z.infer<typeof auditOut>;
export type SessionOut = z.infer<typeof session>;
export type SilenceOut = z.infer<typeof silenceOut>;
export type EventQuery = z.infer<typeof eventQuery>;
export type FindingQuery = z.infer<typeof findingQuery>;
export type IncidentQuery = z.infer<typeof incidentQuery>;
export type KeyQuery = z.infer<typeof keyQuery>;
