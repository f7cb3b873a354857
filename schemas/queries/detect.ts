import { z } from "zod";
import { defineQuestion, type Params, type Question } from "../store/store.ts";

/** Columns that detection reads, in SQL, times as ms. Order and names are those of DetectEvent. */
const DETECT_COLUMNS = `event_uid, provider, account, toUnixTimestamp64Milli(time) AS time_ms, seq, key_uid, key_hint, key_type,
  subject_uid, session_uid, session_kind, principal_uid, principal, principal_type, operation, service, verb_class, outcome,
  error_code, status_code, src_kind, src_ip, src_net, asn, as_org, country, city, lat, lon, hosting, vpc_endpoint,
  user_agent, user_agent_family, region, resources, environment, bytes_out, secrets`;

/** Numbers of rows that were stored and not judged yet, both ends inclusive. */
export interface SeqRange {
  from: number;
  to: number;
}

/**
 * Selection is which stored events are meant: those of some ranges, those of a provider in a span of event time, both ends inclusive, up to a
 * number, or the calls of some keys behind a time (ms).
 */
export type Selection =
  | { ranges: readonly SeqRange[] }
  | { provider: string; from: number; to: number; upto: number }
  | { keys: string[]; behind: number };

function whereOf(selection: Selection): { sql: string; params: Params } {
  if ("ranges" in selection) {
    const { ranges } = selection;
    const sql = ranges.map((_, i) => `(seq >= {a${i}:UInt64} AND seq <= {b${i}:UInt64})`).join(" OR ");
    const ends = ranges.flatMap((r, i) => [
      [`a${i}`, r.from],
      [`b${i}`, r.to],
    ]);
    return { sql: `(${sql})`, params: Object.fromEntries(ends) as Params };
  }
  if ("keys" in selection)
    return {
      sql: "key_uid IN {keys:Array(String)} AND time > fromUnixTimestamp64Milli({behind:Int64})",
      params: { keys: selection.keys, behind: selection.behind },
    };
  return {
    sql: `provider = {provider:String} AND seq <= {upto:UInt64}
  AND time >= fromUnixTimestamp64Milli({first:Int64}) AND time <= fromUnixTimestamp64Milli({last:Int64})`,
    params: { provider: selection.provider, upto: selection.upto, first: selection.from, last: selection.to },
  };
}

/** Page is a part of a selection: a span of event time (ms, the end exclusive), behind an event where it was cut, at most so many. */
export interface Page {
  from: number;
  to: number;
  after: { time: number; event_uid: string; principal_uid: string } | null;
  limit: number;
}

/** eventsInOrder reads a page in the order in which events are judged; asked by column. */
export function eventsInOrder(selection: Selection, { from, to, after, limit }: Page): { sql: string; params: Params } {
  const { sql, params } = whereOf(selection);
  const behind =
    after === null
      ? ""
      : "AND (time, event_uid, principal_uid) > (fromUnixTimestamp64Milli({time:Int64}), {uid:String}, {principal:String})";
  return {
    sql: `SELECT ${DETECT_COLUMNS} FROM events FINAL
WHERE ${sql} AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64}) ${behind}
ORDER BY time, event_uid, principal_uid LIMIT {limit:UInt32}`,
    params: {
      ...params,
      ...{ from, to, limit },
      ...(after === null ? {} : { time: after.time, uid: after.event_uid, principal: after.principal_uid }),
    },
  };
}

const minuteRows = z.object({ minute: z.number(), rows: z.number() });

/** How many rows of a selection each minute of event time holds: pages of bounded size are cut from this. */
export function minutesOf(selection: Selection): {
  question: Question<Params, z.infer<typeof minuteRows>>;
  params: Params;
} {
  const { sql, params } = whereOf(selection);
  return {
    question: defineQuestion({
      name: "minutes_of",
      sql: `SELECT intDiv(toUnixTimestamp(time), 60) AS minute, count() AS rows FROM events
WHERE ${sql} GROUP BY minute ORDER BY minute`,
      row: minuteRows,
    }),
    params,
  };
}

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
export const openSubjectsAt = defineQuestion<{ log: string; generation: number } & Gaps, { subject_uid: string }>({
  name: "open_subjects_at",
  // Whether it is open is one byte a row; the states themselves would all be in memory at once.
  sql: `SELECT subject_uid FROM profiles
WHERE ${BELIEVED} AND NOT startsWith(subject_uid, '~') GROUP BY subject_uid
HAVING argMax(NOT startsWith(JSONExtractRaw(state, 'days'), '{"$map":[]'), generation)`,
  row: z.object({ subject_uid: z.string() }),
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

/** Subjects of a log with states that were replaced before a time, and the generation of the state that replaced them. */
export const replacedBefore = defineQuestion<
  { log: string; generation: number; before: string } & Gaps,
  { subject_uid: string; newest: number }
>({
  name: "replaced_before",
  sql: `SELECT subject_uid, max(generation) AS newest FROM profiles
WHERE ${BELIEVED} AND updated_at < parseDateTime64BestEffort({before:String}, 3) GROUP BY subject_uid HAVING count() > 1`,
  row: z.object({ subject_uid: z.string(), newest: z.number() }),
});

/** dropBelow deletes what is older than a generation of each subject; without a subquery, which a replica would answer in its own way. */
export const dropBelow = `DELETE FROM profiles WHERE log = {log:String} AND subject_uid IN {subjects:Array(String)}
  AND generation < transform(subject_uid, {subjects:Array(String)}, {newest:Array(UInt64)}, toUInt64(0))`;

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
