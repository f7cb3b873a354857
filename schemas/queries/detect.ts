import { z } from "zod";
import { defineQuestion, type Params, type Question } from "../store/store.ts";

/** Columns that detection reads, in SQL, times as ms. Order and names are those of DetectEvent. */
const DETECT_COLUMNS = `event_uid, provider, account, toUnixTimestamp64Milli(time) AS time_ms, seq, key_uid, key_hint, key_type,
  subject_uid, session_uid, session_kind, principal_uid, principal, principal_type, operation, service, verb_class, outcome,
  error_code, status_code, src_kind, src_ip, src_net, asn, as_org, country, city, lat, lon, hosting, vpc_endpoint,
  user_agent_family, region, resources, environment, bytes_out, secrets`;

/** Numbers of rows that were stored and not judged yet, both ends inclusive. */
export interface SeqRange {
  from: number;
  to: number;
}

const inRanges = (ranges: readonly SeqRange[]): string =>
  ranges.map((_, i) => `(seq >= {a${i}:UInt64} AND seq <= {b${i}:UInt64})`).join(" OR ");

const rangeParams = (ranges: readonly SeqRange[]): Record<string, number> =>
  Object.fromEntries(
    ranges.flatMap((r, i) => [
      [`a${i}`, r.from],
      [`b${i}`, r.to],
    ]),
  );

/**
 * eventsInOrder reads one span of event time (ms, the end exclusive) out of some ranges, in the order in which events are judged;
 * asked by column.
 */
export const eventsInOrder = (
  ranges: readonly SeqRange[],
  from: number,
  to: number,
): { sql: string; params: Record<string, number> } => ({
  sql: `SELECT ${DETECT_COLUMNS} FROM events FINAL
WHERE (${inRanges(ranges)})
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
ORDER BY time, event_uid`,
  params: { ...rangeParams(ranges), from, to },
});

/** Events of a provider from a time on (ms) that are not above a number: they waited for their day to begin. */
export const eventsFrom = (provider: string, from: number, upto: number): { sql: string; params: Params } => ({
  sql: `SELECT ${DETECT_COLUMNS} FROM events FINAL
WHERE provider = {provider:String} AND time >= fromUnixTimestamp64Milli({from:Int64}) AND seq <= {upto:UInt64}`,
  params: { provider, from, upto },
});

const hourRows = z.object({ hour: z.number(), rows: z.number() });

/** How many rows of some ranges each hour of event time holds: spans of bounded size are cut from this. */
export const hoursOf = (
  ranges: readonly SeqRange[],
): { question: Question<Record<string, number>, z.infer<typeof hourRows>>; params: Record<string, number> } => ({
  question: defineQuestion({
    name: "hours_of",
    sql: `SELECT intDiv(toUnixTimestamp(toStartOfHour(time)), 3600) AS hour, count() AS rows FROM events
WHERE ${inRanges(ranges)} GROUP BY hour ORDER BY hour`,
    row: hourRows,
  }),
  params: rangeParams(ranges),
});

/** Generations that nobody believes lie between these numbers, both ends exclusive: a late owner of the log wrote them. */
export type Gaps = { gap_from: number[]; gap_to: number[] };

const BELIEVED = `log = {log:String} AND generation <= {generation:UInt64}
  AND NOT arrayExists((a, b) -> generation > a AND generation < b, {gap_from:Array(UInt64)}, {gap_to:Array(UInt64)})`;

/** The profiles of some subjects of a log as they were at a generation. */
export const profilesAt = defineQuestion<
  { log: string; subjects: string[]; generation: number } & Gaps,
  { subject_uid: string; state: string }
>({
  name: "profiles_at",
  sql: `SELECT subject_uid, argMax(state, generation) AS state FROM profiles
WHERE subject_uid IN {subjects:Array(String)} AND ${BELIEVED} GROUP BY subject_uid`,
  row: z.object({ subject_uid: z.string(), state: z.string() }),
});

/** Long-lived keys that principals used since a time (ms): one of them may be the predecessor of a new key. */
export const keysOfPrincipals = defineQuestion<{ principals: string[]; since: number }, { subject_uid: string }>({
  name: "keys_of_principals",
  sql: `SELECT DISTINCT subject_uid FROM events
WHERE principal_uid IN {principals:Array(String)} AND key_type = 'long_lived' AND subject_uid = key_uid
  AND time >= fromUnixTimestamp64Milli({since:Int64})`,
  row: z.object({ subject_uid: z.string() }),
});

/** Subjects whose profile has an open day, at a generation: their windows and days must close though no event comes. */
export const openProfilesAt = defineQuestion<
  { log: string; generation: number } & Gaps,
  { subject_uid: string; state: string }
>({
  name: "open_profiles_at",
  sql: `SELECT subject_uid, argMax(state, generation) AS state FROM profiles
WHERE ${BELIEVED} AND NOT startsWith(subject_uid, '~') GROUP BY subject_uid
HAVING NOT startsWith(JSONExtractRaw(state, 'days'), '{"$map":[]')`,
  row: z.object({ subject_uid: z.string(), state: z.string() }),
});

/** The newest state of each subject, as a subquery. */
export const newestProfiles = `SELECT subject_uid, max(generation) FROM profiles
  WHERE log = {log:String} AND generation <= {generation:UInt64} GROUP BY subject_uid`;

/** How many states were replaced by newer ones. */
export const replacedProfiles = defineQuestion<{ log: string; generation: number }, { rows: number }>({
  name: "replaced_profiles",
  sql: `SELECT count() - uniqExact(subject_uid) AS rows FROM profiles
WHERE log = {log:String} AND generation <= {generation:UInt64}`,
  row: z.object({ rows: z.number() }),
});

/** Profiles written by a run that did not reach its checkpoint. */
export const strayProfiles = defineQuestion<{ log: string; generation: number }, { rows: number }>({
  name: "stray_profiles",
  sql: "SELECT count() AS rows FROM profiles WHERE log = {log:String} AND generation > {generation:UInt64}",
  row: z.object({ rows: z.number() }),
});

/** Everybody who took over a log, the first one first. */
export const claimsOf = defineQuestion<{ log: string }, { epoch: number; base: number }>({
  name: "claims_of",
  sql: "SELECT epoch, base FROM log_claims FINAL WHERE log = {log:String} ORDER BY epoch",
  row: z.object({ epoch: z.number(), base: z.number() }),
});

/** Whole findings by uid. */
export const findingsByUid = defineQuestion<{ uids: string[] }, { document: string }>({
  name: "findings_by_uid",
  sql: "SELECT document FROM findings FINAL WHERE uid IN {uids:Array(String)}",
  row: z.object({ document: z.string() }),
});
