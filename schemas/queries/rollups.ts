import { z } from "zod";
import { defineQuestion } from "../store/store.ts";
import { NAMED, type Names, type SubjectRow, subjectRow } from "./keys.ts";
import { activityRow, countryRow } from "./page.ts";

/*
 * Questions of the page over many days. Their groups, conditions and functions are those of the projections of `events`
 * (schemas/sql/050_projections.sql), so that the engine reads a row per hour or day in place of every event; a test asks it whether it does.
 * Spans are whole hours or days. A row that came twice is counted twice until the engine merged it.
 */

const count = z.number();
/** Whole steps, the end exclusive. */
const WITHIN = (step: string, of: string): string =>
  `${step} >= ${of}(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND ${step} < ${of}(fromUnixTimestamp64Milli({to:Int64}, 'UTC'))`;
const HOURS = WITHIN("toStartOfHour(time)", "toStartOfHour");

/** activityByHour counts calls by how they ended, in steps of whole hours, ms. */
export const activityByHour = defineQuestion<{ from: number; to: number; step: number }, z.infer<typeof activityRow>>({
  name: "activity_by_hour",
  sql: `SELECT intDiv(toUnixTimestamp(toStartOfHour(time)) * 1000, {step:Int64}) * {step:Int64} AS at,
  countIf(outcome IN ('success', 'unknown')) AS success, countIf(outcome IN ('denied', 'unauthenticated')) AS denied,
  count() - success - denied AS failed
FROM events WHERE ${HOURS} GROUP BY at ORDER BY at LIMIT 2000`,
  row: activityRow,
});

const countries = (where: string): string => `SELECT assumeNotNull(country) AS country, count() AS events,
  countIf(outcome IN ('denied', 'unauthenticated')) AS denied, uniq(subject_uid) AS keys
FROM events AS e WHERE ${where} AND e.country IS NOT NULL GROUP BY country ORDER BY events DESC, country LIMIT {limit:UInt32}`;

type Countries = { from: number; to: number; limit: number };
export const countriesByHour = defineQuestion<Countries, z.infer<typeof countryRow>>({
  name: "countries_by_hour",
  sql: countries(HOURS),
  row: countryRow,
});
export const countriesByDay = defineQuestion<Countries, z.infer<typeof countryRow>>({
  name: "countries_by_day",
  sql: countries(WITHIN("toDate(time)", "toDate")),
  row: countryRow,
});

const providerRow = z.object({ provider: z.string(), events: count, newest: count, arrived: count });
/** providersSeen gives what each provider's log brought since the hour of a time. */
export const providersSeen = defineQuestion<{ from: number }, z.infer<typeof providerRow>>({
  name: "providers_seen",
  sql: `SELECT toString(provider) AS provider, count() AS events, toUnixTimestamp64Milli(max(time)) AS newest,
  toUnixTimestamp64Milli(max(ingested_at)) AS arrived
FROM events AS e WHERE toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) GROUP BY e.provider ORDER BY provider`,
  row: providerRow,
});

/**
 * Names come from a row per key and country, numbers from a row per subject and day; networks and countries are counted by estimate, and
 * countries since the key was first seen.
 */
const summary = (where: string, from: string, having: string): string => `SELECT *
FROM
(
  SELECT subject_uid, any(s.provider) AS provider, nullIf(argMax(s.account, s.last_seen), '') AS account,
    argMax(s.principal_uid, s.last_seen) AS principal_uid, groupUniqArray(64)(s.principal_uid) AS principal_uids,
    arraySort(groupUniqArrayIf(4)(s.principal, s.principal != '')) AS principals, argMax(s.principal_type, s.last_seen) AS principal_type,
    nullIf(argMax(s.key_uid, s.last_seen), '') AS key_uid, nullIf(argMax(s.key_hint, s.last_seen), '') AS key_hint,
    argMax(s.key_type, s.last_seen) AS key_type, nullIf(argMax(s.environment, s.last_seen), '') AS environment,
    uniqIf(s.country, s.country != '') AS countries
  FROM sightings AS s WHERE ${where}
  GROUP BY subject_uid HAVING ${having} ORDER BY max(s.last_seen) DESC, subject_uid LIMIT {limit:UInt32}
) AS names
INNER JOIN
(
  SELECT subject_uid, toUnixTimestamp64Milli(min(first)) AS first_ms, toUnixTimestamp64Milli(max(last)) AS last_ms, sum(calls) AS events,
    sumIf(calls, day >= toDate(fromUnixTimestamp64Milli({since:Int64}, 'UTC'))) AS events_30d, count() AS active_days,
    sum(d.reads) AS reads, sum(d.writes) AS writes, sum(d.admins) AS admins, sum(d.auths) AS auths, sum(d.unknowns) AS unknowns,
    countIf(d.writes + d.admins > 0) AS write_days, countIf(d.admins > 0) AS admin_days, toUnixTimestamp64Milli(max(last_write)) AS last_write_ms,
    sum(d.failures) AS failures, sum(d.denied) AS denied, uniqMerge(nets) AS networks
  FROM
  (
    SELECT subject_uid, toDate(time) AS day, count() AS calls, min(time) AS first, max(time) AS last, countIf(verb_class = 'read') AS reads,
      countIf(verb_class = 'write') AS writes, countIf(verb_class = 'admin') AS admins, countIf(verb_class = 'auth') AS auths,
      countIf(verb_class = 'unknown') AS unknowns, maxIf(time, verb_class IN ('write', 'admin')) AS last_write,
      countIf(outcome NOT IN ('success', 'unknown')) AS failures, countIf(outcome IN ('denied', 'unauthenticated')) AS denied,
      uniqState(src_net) AS nets
    FROM events WHERE ${from} GROUP BY subject_uid, toDate(time)
  ) AS d
  GROUP BY subject_uid
) AS numbers USING (subject_uid)
ORDER BY last_ms DESC, subject_uid`;

/** subjectSummary is subjectList for a page that is looked at often, since the day of a time. */
export const subjectSummary = defineQuestion<{ from: number; since: number; limit: number }, SubjectRow>({
  name: "subject_summary",
  sql: summary(
    "s.last_seen >= fromUnixTimestamp64Milli({from:Int64})",
    "toDate(time) >= toDate(fromUnixTimestamp64Milli({from:Int64}, 'UTC'))",
    "key_type != 'none'",
  ),
  row: subjectRow,
});

const CALLED = `subject_uid IN (SELECT DISTINCT subject_uid FROM (${NAMED}) LIMIT 100)`;
/** subjectsCalled is subjectsNamed for the page, by estimate. */
export const subjectsCalled = defineQuestion<Names, SubjectRow>({
  name: "subjects_called",
  sql: summary(CALLED, CALLED, "1"),
  row: subjectRow,
});

/** callsByDay counts the calls of one subject on each active day since a time; days are UTC day numbers, the newest first. */
export const callsByDay = defineQuestion<{ subject: string; from: number }, { day: number; events: number }>({
  name: "calls_by_day",
  sql: `SELECT toUInt32(toDate(time)) AS day, count() AS events FROM events
WHERE subject_uid = {subject:String} AND toDate(time) >= toDate(fromUnixTimestamp64Milli({from:Int64}, 'UTC'))
GROUP BY toDate(time) ORDER BY day DESC`,
  row: z.object({ day: count, events: count }),
});
