import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const count = z.number();
const nullableText = z.string().nullable();

export const subjectRow = z.object({
  subject_uid: z.string(),
  provider: z.string(),
  account: nullableText,
  principal_uid: z.string(),
  principal_uids: z.array(z.string()),
  principals: z.array(z.string()),
  principal_type: z.string(),
  key_uid: nullableText,
  key_hint: nullableText,
  key_type: z.string(),
  environment: nullableText,
  first_ms: count,
  last_ms: count,
  events: count,
  events_30d: count,
  active_days: count,
  reads: count,
  writes: count,
  admins: count,
  auths: count,
  unknowns: count,
  write_days: count,
  admin_days: count,
  last_write_ms: count,
  failures: count,
  denied: count,
  networks: count,
  countries: count,
});
/** SubjectRow is what the events of one subject say in numbers, over the span that was asked for. Times are ms. */
export type SubjectRow = z.infer<typeof subjectRow>;

/** Where a subject had several names, accounts or holders, the newest stands for it. */
const EXACT_COLUMNS = `subject_uid, any(e.provider) AS provider, argMax(e.account, e.time) AS account,
  argMax(e.principal_uid, e.time) AS principal_uid, groupUniqArray(64)(e.principal_uid) AS principal_uids,
  arraySort(groupUniqArray(4)(e.principal)) AS principals,
  argMax(e.principal_type, e.time) AS principal_type, argMax(e.key_uid, e.time) AS key_uid, argMax(e.key_hint, e.time) AS key_hint,
  argMax(e.key_type, e.time) AS key_type, argMax(e.environment, e.time) AS environment,
  toUnixTimestamp64Milli(min(time)) AS first_ms, toUnixTimestamp64Milli(max(time)) AS last_ms,
  count() AS events,
  uniqExact(toDate(time)) AS active_days,
  countIf(verb_class = 'read') AS reads, countIf(verb_class = 'write') AS writes, countIf(verb_class = 'admin') AS admins,
  countIf(verb_class = 'auth') AS auths, countIf(verb_class = 'unknown') AS unknowns,
  uniqExactIf(toDate(time), verb_class IN ('write', 'admin')) AS write_days,
  uniqExactIf(toDate(time), verb_class = 'admin') AS admin_days,
  toUnixTimestamp64Milli(maxIf(time, verb_class IN ('write', 'admin'))) AS last_write_ms,
  countIf(outcome NOT IN ('success', 'unknown')) AS failures, countIf(outcome IN ('denied', 'unauthenticated')) AS denied,
  uniqExact(src_net) AS networks, uniqExact(country) AS countries,
  countIf(time >= fromUnixTimestamp64Milli({since:Int64})) AS events_30d`;

/**
 * subjectList gives the keys (for temporary keys their principals), the one used last first. Callers without a key (the provider's
 * own services, people at a console) come with `keyless` only. `since` is where the 30 days begin.
 */
export const subjectList = defineQuestion<
  { from: number; to: number; since: number; keyless: number; min_events: number; limit: number },
  SubjectRow
>({
  name: "subject_list",
  sql: `SELECT ${EXACT_COLUMNS} FROM events AS e FINAL
WHERE time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
  AND ({keyless:UInt8} = 1 OR e.key_type != 'none')
GROUP BY subject_uid HAVING events >= {min_events:UInt64}
ORDER BY last_ms DESC, subject_uid LIMIT {limit:UInt32}`,
  row: subjectRow,
});

/** Names by which a person may mean subjects; `tails` are the names after a slash. */
export type Names = { names: readonly string[]; tails: readonly string[]; since: number; limit: number };

/** The principals and subjects that bear one of the names: a row per key and country is read, and not one per call. */
export const NAMED = `SELECT principal_uid, subject_uid FROM sightings
  WHERE subject_uid IN {names:Array(String)} OR key_uid IN {names:Array(String)} OR key_hint IN {names:Array(String)}
     OR principal_uid IN {names:Array(String)} OR principal IN {names:Array(String)}
     OR arrayExists(t -> endsWith(principal_uid, t), {tails:Array(String)})`;

/** subjectsNamed finds subjects by subject, key, hint, principal or the last part of a principal. */
export const subjectsNamed = defineQuestion<Names, SubjectRow>({
  name: "subjects_named",
  sql: `SELECT ${EXACT_COLUMNS} FROM events AS e FINAL
WHERE (e.principal_uid, subject_uid) IN
(
  SELECT principal_uid, subject_uid FROM sightings
  WHERE subject_uid IN (SELECT DISTINCT subject_uid FROM (${NAMED}) LIMIT 100)
)
GROUP BY subject_uid ORDER BY last_ms DESC, subject_uid LIMIT {limit:UInt32}`,
  row: subjectRow,
});

const sourceRow = z.object({
  subject_uid: z.string(),
  src_kind: z.string(),
  src_net: nullableText,
  asn: z.number().nullable(),
  as_org: nullableText,
  country: nullableText,
  hosting: z.boolean().nullable(),
  events: count,
  days: count,
});
export type SourceRow = z.infer<typeof sourceRow>;

type Span = { subjects: readonly string[]; principals: readonly string[]; from: number; to: number };
/** The principals are there for the sort key of the table; without them every question reads all of it. */
const OF_SUBJECTS = `principal_uid IN {principals:Array(String)} AND subject_uid IN {subjects:Array(String)}
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`;

/** subjectSources gives the networks of some subjects, most used first, at most 4,096 of each. */
export const subjectSources = defineQuestion<Span, SourceRow>({
  name: "subject_sources",
  sql: `SELECT subject_uid, src_kind, src_net, any(asn) AS asn, any(as_org) AS as_org, any(country) AS country, any(hosting) AS hosting,
  count() AS events, uniqExact(toDate(time)) AS days
FROM events FINAL WHERE ${OF_SUBJECTS} AND src_kind IN ('ip', 'private') AND src_net IS NOT NULL
GROUP BY subject_uid, src_kind, src_net ORDER BY subject_uid, events DESC, src_net LIMIT 4096 BY subject_uid`,
  row: sourceRow,
});

const addressRow = z.object({ src_ip: z.string(), events: count, last_ms: count });
export type AddressRow = z.infer<typeof addressRow>;

/** subjectAddresses gives the addresses of some subjects, most used first. */
export const subjectAddresses = defineQuestion<Span & { limit: number }, AddressRow>({
  name: "subject_addresses",
  sql: `SELECT assumeNotNull(src_ip) AS src_ip, count() AS events, toUnixTimestamp64Milli(max(time)) AS last_ms
FROM events FINAL WHERE ${OF_SUBJECTS} AND events.src_ip IS NOT NULL
GROUP BY src_ip ORDER BY events DESC, src_ip LIMIT {limit:UInt32}`,
  row: addressRow,
});

const countryRow = z.object({
  subject_uid: z.string(),
  country: z.string(),
  city: nullableText,
  lon: z.number().nullable(),
  events: count,
  hosted: count,
  days: count,
  slots: z.array(z.number()),
});
export type CountryRow = z.infer<typeof countryRow>;

/** subjectHours gives the quarter hours (since the epoch) in which subjects were active, by country; '' where the country is unknown. */
export const subjectHours = defineQuestion<Span, CountryRow>({
  name: "subject_hours",
  sql: `SELECT subject_uid, ifNull(country, '') AS country, anyHeavy(city) AS city, quantileExact(0.5)(lon) AS lon, count() AS events,
  countIf(hosting) AS hosted, uniqExact(toDate(time)) AS days,
  arraySort(groupUniqArray(intDiv(toUnixTimestamp(time), 900))) AS slots
FROM events FINAL WHERE ${OF_SUBJECTS}
GROUP BY subject_uid, country ORDER BY subject_uid, events DESC LIMIT 32 BY subject_uid`,
  row: countryRow,
});

const operationRow = z.object({
  operation: z.string(),
  service: nullableText,
  verb_class: z.string(),
  events: count,
  days: count,
});
export type OperationRow = z.infer<typeof operationRow>;

/** subjectOperations gives what a subject did, most often first. */
export const subjectOperations = defineQuestion<Span & { limit: number }, OperationRow>({
  name: "subject_operations",
  sql: `SELECT operation, service, any(verb_class) AS verb_class, count() AS events, uniqExact(toDate(time)) AS days
FROM events FINAL WHERE ${OF_SUBJECTS}
GROUP BY operation, service ORDER BY events DESC, service, operation LIMIT {limit:UInt32}`,
  row: operationRow,
});

const outcomeRow = z.object({ outcome: z.string(), events: count });

/** subjectOutcomes counts how the calls of a subject ended. */
export const subjectOutcomes = defineQuestion<Span, z.infer<typeof outcomeRow>>({
  name: "subject_outcomes",
  sql: `SELECT outcome, count() AS events FROM events FINAL WHERE ${OF_SUBJECTS} GROUP BY outcome ORDER BY events DESC, outcome`,
  row: outcomeRow,
});

const dayRow = z.object({ day: count, events: count });

/** subjectDays counts the calls of each active day; days are UTC day numbers. */
export const subjectDays = defineQuestion<Span, z.infer<typeof dayRow>>({
  name: "subject_days",
  sql: `SELECT toUInt32(toDate(time)) AS day, count() AS events FROM events FINAL WHERE ${OF_SUBJECTS} GROUP BY day ORDER BY day`,
  row: dayRow,
});

/** openFindings counts the findings of open incidents by subject. */
export const openFindings = defineQuestion<Record<string, never>, { subject_uid: string; findings: number }>({
  name: "open_findings",
  sql: `SELECT subject_uid, sum(length(JSONExtractArrayRaw(document, 'finding_uids'))) AS findings FROM incidents FINAL
WHERE status IN ('open', 'acknowledged', 'reopened') GROUP BY subject_uid`,
  row: z.object({ subject_uid: z.string(), findings: count }),
});

/** newestProfile gives the profile of a subject as it was written last. */
export const newestProfile = defineQuestion<{ subject: string }, { state: string }>({
  name: "newest_profile",
  sql: "SELECT state FROM profiles FINAL WHERE subject_uid = {subject:String} ORDER BY generation DESC LIMIT 1",
  row: z.object({ state: z.string() }),
});

/** findingsOfSubject gives its newest findings. */
export const findingsOfSubject = defineQuestion<{ subject: string; limit: number }, { document: string }>({
  name: "findings_of_subject",
  sql: "SELECT document FROM findings FINAL WHERE subject_uid = {subject:String} ORDER BY last_seen DESC, uid LIMIT {limit:UInt32}",
  row: z.object({ document: z.string() }),
});

/** eventSpan tells how many events the store holds and when they were, ms; zeros where it holds none. */
export const eventSpan = defineQuestion<Record<string, never>, { events: number; first_ms: number; last_ms: number }>({
  name: "event_span",
  sql: "SELECT count() AS events, toUnixTimestamp64Milli(min(time)) AS first_ms, toUnixTimestamp64Milli(max(time)) AS last_ms FROM events",
  row: z.object({ events: count, first_ms: count, last_ms: count }),
});

/** profilesOf gives the profiles of some subjects as they were written last. */
export const profilesOf = defineQuestion<{ subjects: readonly string[] }, { subject_uid: string; state: string }>({
  name: "profiles_of",
  sql: `SELECT subject_uid, argMax(state, generation) AS state FROM profiles
WHERE subject_uid IN {subjects:Array(String)} GROUP BY subject_uid ORDER BY subject_uid`,
  row: z.object({ subject_uid: z.string(), state: z.string() }),
});
