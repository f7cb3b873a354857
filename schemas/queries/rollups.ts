import { z } from "zod";
import { defineQuestion } from "../store/store.ts";
import { NAMED, type Names, SUBJECT_COLUMNS, type SubjectRow, subjectRow } from "./keys.ts";
import { activityRow, countryRow } from "./page.ts";

/*
 * Questions of the page over days and weeks. Their groups, conditions and functions are those of the projections of `events`
 * (schemas/sql/050_projections.sql), so that the engine reads a row per hour, day or week in place of every event; a test asks it whether it does.
 * Spans are whole hours, days or weeks. A row that came twice is counted twice until the engine merged it.
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

/** Distinct values by estimate; the calls of the last 30 days, which are no whole weeks, come from the counts by day. */
const summary = (where: string, having: string): string => `SELECT *
FROM
(
  SELECT ${SUBJECT_COLUMNS.replaceAll("uniqExact", "uniq")} FROM events AS e WHERE ${where}
  GROUP BY subject_uid HAVING ${having} ORDER BY last_ms DESC, subject_uid LIMIT {limit:UInt32}
) AS subjects
LEFT JOIN
(
  SELECT subject_uid, count() AS events_30d FROM events
  WHERE toDate(time) >= toDate(fromUnixTimestamp64Milli({since:Int64}, 'UTC')) GROUP BY subject_uid
) AS recent USING (subject_uid)
ORDER BY last_ms DESC, subject_uid`;

/** subjectSummary is subjectList for a page that is looked at often, since the Monday before a time. */
export const subjectSummary = defineQuestion<{ from: number; since: number; limit: number }, SubjectRow>({
  name: "subject_summary",
  sql: summary("toMonday(time) >= toMonday(fromUnixTimestamp64Milli({from:Int64}, 'UTC'))", "key_type != 'none'"),
  row: subjectRow,
});

/** subjectsCalled is subjectsNamed for the page, by estimate. */
export const subjectsCalled = defineQuestion<Names, SubjectRow>({
  name: "subjects_called",
  sql: summary(`subject_uid IN (SELECT DISTINCT subject_uid FROM (${NAMED}) LIMIT 100)`, "events > 0"),
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
