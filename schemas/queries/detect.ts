import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

/** Columns that detection reads, in SQL, times as ms. Order and names are those of DetectEvent. */
const DETECT_COLUMNS = `event_uid, provider, account, toUnixTimestamp64Milli(time) AS time_ms, seq, key_uid, key_hint, key_type,
  subject_uid, session_uid, session_kind, principal_uid, principal, principal_type, operation, service, verb_class, outcome,
  error_code, status_code, src_kind, src_ip, src_net, asn, as_org, country, city, lat, lon, hosting, vpc_endpoint,
  user_agent_family, region, resources, environment, bytes_out, secrets`;

/**
 * eventsInOrder reads one span of event time of rows above a sequence number, in the order in which events are judged.
 * Asked by column: {from:Int64} and {to:Int64} are ms (to is exclusive), {above:UInt64} the last number already judged.
 */
export const eventsInOrder = `SELECT ${DETECT_COLUMNS} FROM events FINAL
WHERE seq > {above:UInt64} AND seq <= {upto:UInt64}
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
ORDER BY time, event_uid`;

/** How many rows above a number each hour of event time holds: spans of bounded size are cut from this. */
export const hoursAbove = defineQuestion<{ above: number; upto: number }, { hour: number; rows: number }>({
  name: "hours_above",
  sql: `SELECT intDiv(toUnixTimestamp(toStartOfHour(time)), 3600) AS hour, count() AS rows FROM events
WHERE seq > {above:UInt64} AND seq <= {upto:UInt64} GROUP BY hour ORDER BY hour`,
  row: z.object({ hour: z.number(), rows: z.number() }),
});

/** The profiles of some subjects as they were at a generation. */
export const profilesAt = defineQuestion<
  { subjects: string[]; generation: number },
  { subject_uid: string; state: string }
>({
  name: "profiles_at",
  sql: `SELECT subject_uid, argMax(state, generation) AS state FROM profiles
WHERE subject_uid IN {subjects:Array(String)} AND generation <= {generation:UInt64} GROUP BY subject_uid`,
  row: z.object({ subject_uid: z.string(), state: z.string() }),
});

/** Subjects whose profile has an open day, at a generation: their windows and days must close though no event comes. */
export const openProfilesAt = defineQuestion<{ generation: number }, { subject_uid: string; state: string }>({
  name: "open_profiles_at",
  sql: `SELECT subject_uid, argMax(state, generation) AS state FROM profiles
WHERE generation <= {generation:UInt64} GROUP BY subject_uid
HAVING NOT startsWith(JSONExtractRaw(state, 'days'), '{"$map":[]')`,
  row: z.object({ subject_uid: z.string(), state: z.string() }),
});

/** Profiles written by a run that did not reach its checkpoint. */
export const strayProfiles = defineQuestion<{ generation: number }, { rows: number }>({
  name: "stray_profiles",
  sql: "SELECT count() AS rows FROM profiles WHERE generation > {generation:UInt64}",
  row: z.object({ rows: z.number() }),
});
