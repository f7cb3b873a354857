import { z } from "zod";

export const keyTypes = ["long_lived", "temporary", "session", "none"] as const;
export const principalTypes = ["human", "service", "unknown"] as const;
export const verbClasses = ["read", "write", "admin", "auth", "unknown"] as const;
/** `denied` is authz (403), `unauthenticated` is authn (401): only these two speak about a stolen key. */
export const outcomes = [
  "success",
  "denied",
  "unauthenticated",
  "not_found",
  "invalid",
  "throttled",
  "error",
  "unknown",
] as const;
export const srcKinds = ["ip", "service", "internal", "private", "invalid", "none"] as const;
export const sessionKinds = ["instance", "container", "function", "assumed_role", "federated", "none"] as const;

export type KeyType = (typeof keyTypes)[number];
export type VerbClass = (typeof verbClasses)[number];
export type ApiOutcome = (typeof outcomes)[number];
export type SrcKind = (typeof srcKinds)[number];
export type SessionKind = (typeof sessionKinds)[number];

/**
 * apiActivity is one normalised API call, the flat public row that maps 1:1 to OCSF 1.8.0 API Activity (6003).
 * Names are the columns of the `events` table. What the record does not say is null, never guessed.
 * Times are ms since the epoch, UTC; lat and lon are degrees; bytes_out is bytes.
 */
export const apiActivity = z.strictObject({
  event_uid: z.string().min(1),
  provider: z.string().min(1),
  account: z.string().nullable(),
  time: z.number().int(),
  ingested_at: z.number().int(),
  /** Order of commit in the log; 0 until the writer gave it. */
  seq: z.number().int(),
  key_uid: z.string().nullable(),
  key_hint: z.string().nullable(),
  key_type: z.enum(keyTypes),
  /** Whose habits are learned: a long-lived key itself, else the principal that issues the temporary keys. */
  subject_uid: z.string().min(1),
  session_uid: z.string().nullable(),
  session_kind: z.enum(sessionKinds),
  principal_uid: z.string().min(1),
  principal: z.string().nullable(),
  principal_type: z.enum(principalTypes),
  operation: z.string(),
  service: z.string().nullable(),
  verb_class: z.enum(verbClasses),
  outcome: z.enum(outcomes),
  error_code: z.string().nullable(),
  status_code: z.number().int().nullable(),
  src_kind: z.enum(srcKinds),
  /** Canonical address text for ip, private and invalid; the service or endpoint name for service and internal. */
  src_ip: z.string().nullable(),
  /** /24 of an IPv4, /48 of an IPv6 address, as CIDR. */
  src_net: z.string().nullable(),
  asn: z.number().int().nullable(),
  as_org: z.string().nullable(),
  country: z.string().nullable(),
  region_geo: z.string().nullable(),
  city: z.string().nullable(),
  lat: z.number().nullable(),
  lon: z.number().nullable(),
  /** True where the network belongs to a hosting or cloud company, null where unknown. */
  hosting: z.boolean().nullable(),
  /** VPC endpoint or private link the call came through. */
  vpc_endpoint: z.string().nullable(),
  user_agent: z.string().nullable(),
  user_agent_family: z.string().nullable(),
  region: z.string().nullable(),
  /** Resource names; a key that the call acts on stands as `key:<key_uid>`. */
  resources: z.array(z.string()),
  environment: z.string().nullable(),
  scopes: z.array(z.string()),
  bytes_out: z.number().nullable(),
  /** Raw secrets that stood in the record, as `<kind>@<path>`; the values are gone. */
  secrets: z.array(z.string()),
  /** The record after redaction, as JSON text. */
  raw: z.string(),
  /** Where the record came from: `file:<content hash>#<n>`, `http:<request>#<n>`, `kafka:<topic>/<p>@<offset>`. */
  position: z.string(),
});

export type ApiActivity = z.infer<typeof apiActivity>;

/** isDenied tells the two outcomes that say something about who holds the key. */
export const isDenied = (e: { outcome: ApiOutcome }): boolean =>
  e.outcome === "denied" || e.outcome === "unauthenticated";

/** isWrite tells calls that change something; `unknown` is not guessed to be one. */
export const isWrite = (e: { verb_class: VerbClass }): boolean => e.verb_class === "write" || e.verb_class === "admin";

/** byEventTime is the one order in which events are judged: (time, event_uid). */
export function byEventTime(a: { time: number; event_uid: string }, b: { time: number; event_uid: string }): number {
  return a.time - b.time || (a.event_uid < b.event_uid ? -1 : a.event_uid > b.event_uid ? 1 : 0);
}

/** isInOrder tells whether nothing has to be sorted. */
export function isInOrder(events: readonly { time: number; event_uid: string }[]): boolean {
  for (let i = 1; i < events.length; i++) if (byEventTime(events[i - 1]!, events[i]!) > 0) return false;
  return true;
}
