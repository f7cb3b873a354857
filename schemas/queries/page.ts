import { z } from "zod";
import { severities } from "../severity.ts";
import { defineQuestion } from "../store/store.ts";

/*
 * Questions of the page; those over weeks are in rollups.ts. Each names a span of time: months outside of it are not read at all, and inside the minmax index by time skips.
 * Those that count without FINAL may count a replayed row twice until the engine merged it; a picture can bear that, a verdict could not.
 */

const count = z.number();
const nullableText = z.string().nullable();
const SPAN = "time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})";

export const activityRow = z.object({ at: count, success: count, denied: count, failed: count });
/** activityByTime counts calls by how they ended, in steps of so many ms. */
export const activityByTime = defineQuestion<{ from: number; to: number; step: number }, z.infer<typeof activityRow>>({
  name: "activity_by_time",
  sql: `SELECT intDiv(toUnixTimestamp64Milli(time), {step:Int64}) * {step:Int64} AS at,
  countIf(outcome IN ('success', 'unknown')) AS success, countIf(outcome IN ('denied', 'unauthenticated')) AS denied,
  count() - success - denied AS failed
FROM events WHERE ${SPAN} GROUP BY at ORDER BY at LIMIT 2000`,
  row: activityRow,
});

const findingRow = z.object({ at: count, severity: z.enum(severities), findings: count });
export const findingsByTime = defineQuestion<{ from: number; to: number; step: number }, z.infer<typeof findingRow>>({
  name: "findings_by_time",
  sql: `SELECT intDiv(toUnixTimestamp64Milli(first_seen), {step:Int64}) * {step:Int64} AS at, toString(severity) AS severity, count() AS findings
FROM findings FINAL WHERE first_seen >= fromUnixTimestamp64Milli({from:Int64}) AND first_seen < fromUnixTimestamp64Milli({to:Int64})
GROUP BY at, severity ORDER BY at, severity LIMIT 10000`,
  row: findingRow,
});

export const countryRow = z.object({ country: z.string(), events: count, denied: count, keys: count });
export const countriesSeen = defineQuestion<{ from: number; to: number; limit: number }, z.infer<typeof countryRow>>({
  name: "countries_seen",
  sql: `SELECT assumeNotNull(country) AS country, count() AS events, countIf(outcome IN ('denied', 'unauthenticated')) AS denied,
  uniq(subject_uid) AS keys
FROM events AS e WHERE ${SPAN} AND e.country IS NOT NULL GROUP BY country ORDER BY events DESC, country LIMIT {limit:UInt32}`,
  row: countryRow,
});

const EVENT = `event_uid, toString(provider) AS provider, account, toUnixTimestamp64Milli(time) AS time, key_uid, key_hint, key_type, subject_uid,
  session_uid, session_kind, principal_uid, principal, principal_type, toString(operation) AS operation, toString(service) AS service, verb_class,
  outcome, error_code, status_code, src_kind, src_ip, src_net, asn, as_org, country, region_geo, city, lat, lon, hosting, vpc_endpoint,
  user_agent, user_agent_family, region, resources, environment, scopes, bytes_out, secrets`;
const text = z.string();
const eventRow = z.object({
  ...{
    event_uid: text,
    provider: text,
    account: nullableText,
    time: count,
    key_uid: nullableText,
    key_hint: nullableText,
  },
  ...{ key_type: text, subject_uid: text, session_uid: nullableText, session_kind: text, principal_uid: text },
  ...{ principal: nullableText, principal_type: text, operation: text, service: nullableText, verb_class: text },
  ...{ outcome: text, error_code: nullableText, status_code: count.nullable(), src_kind: text, src_ip: nullableText },
  ...{
    src_net: nullableText,
    asn: count.nullable(),
    as_org: nullableText,
    country: nullableText,
    region_geo: nullableText,
  },
  ...{ city: nullableText, lat: count.nullable(), lon: count.nullable(), hosting: z.boolean().nullable() },
  ...{ vpc_endpoint: nullableText, user_agent: nullableText, user_agent_family: nullableText, region: nullableText },
  ...{ resources: z.array(text), environment: nullableText, scopes: z.array(text), bytes_out: count.nullable() },
  secrets: z.array(text),
});
export type EventRow = z.infer<typeof eventRow>;

/** SearchParams: empty texts and lists mean "any". `before_*` is the last event of the page before. */
export type SearchParams = {
  from: number;
  to: number;
  key: string;
  operation: string;
  outcomes: readonly string[];
  verb: string;
  provider: string;
  country: string;
  ip: string;
  net: string;
  text: string;
  before_time: number;
  before_uid: string;
  limit: number;
};

const MATCHES = `${SPAN}
  AND ({key:String} = '' OR subject_uid = {key:String} OR key_uid = {key:String} OR key_hint = {key:String} OR principal_uid = {key:String} OR principal = {key:String})
  AND ({operation:String} = '' OR positionCaseInsensitiveUTF8(concat(ifNull(service, ''), ':', operation), {operation:String}) > 0)
  AND (empty({outcomes:Array(String)}) OR outcome IN {outcomes:Array(String)})
  AND ({verb:String} = '' OR verb_class = {verb:String}) AND ({provider:String} = '' OR provider = {provider:String})
  AND ({country:String} = '' OR country = {country:String}) AND ({ip:String} = '' OR src_ip = {ip:String})
  AND ({net:String} = '' OR (src_kind IN ('ip', 'private')
       AND isIPAddressInRange(if(src_kind IN ('ip', 'private'), ifNull(src_ip, '0.0.0.0'), '0.0.0.0'), if({net:String} = '', '0.0.0.0/0', {net:String}))))
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(concat(principal_uid, ' ', ifNull(principal, ''), ' ', ifNull(error_code, ''), ' ',
       ifNull(user_agent, ''), ' ', arrayStringConcat(resources, ' ')), {text:String}) > 0)
  AND ({before_time:Int64} = 0 OR time < fromUnixTimestamp64Milli({before_time:Int64})
       OR (time = fromUnixTimestamp64Milli({before_time:Int64}) AND event_uid < {before_uid:String}))`;

/** The names are looked for first, over few columns; the wide rows are read for those alone, by the sort key. */
const search = (more: string): string => `SELECT ${EVENT} FROM events AS e
WHERE (principal_uid, e.time, event_uid) IN
  (SELECT principal_uid, time, event_uid FROM events WHERE ${more} ${MATCHES} ORDER BY time DESC, event_uid DESC LIMIT {limit:UInt32})
  AND e.time >= fromUnixTimestamp64Milli({from:Int64}) AND e.time < fromUnixTimestamp64Milli({to:Int64})
ORDER BY e.time DESC, event_uid DESC LIMIT 1 BY principal_uid, e.time, event_uid LIMIT {limit:UInt32}`;

/** eventSearch gives events, newest first. A replayed row is one line. */
export const eventSearch = defineQuestion<SearchParams, EventRow>({
  name: "event_search",
  sql: search(""),
  row: eventRow,
});

/** eventSearchOf is eventSearch over the events of some principals, by the sort key from the start. */
export const eventSearchOf = defineQuestion<SearchParams & { principals: readonly string[] }, EventRow>({
  name: "event_search_of",
  sql: search("principal_uid IN {principals:Array(String)} AND"),
  row: eventRow,
});

/** holdersOf gives the principals of a uid (of a subject, a key or a principal), unless it is somebody's name too; none where it is no uid. */
export const holdersOf = defineQuestion<{ key: string; limit: number }, { principal_uid: string }>({
  name: "holders_of",
  sql: `SELECT principal_uid FROM sightings
WHERE (subject_uid = {key:String} OR key_uid = {key:String} OR principal_uid = {key:String})
  AND {key:String} NOT IN (SELECT arrayJoin([key_hint, principal]) FROM sightings)
GROUP BY principal_uid LIMIT {limit:UInt32}`,
  row: z.object({ principal_uid: text }),
});

/** eventNamed gives one event with its redacted record. */
export const eventNamed = defineQuestion<
  { principal: string; time: number; uid: string },
  EventRow & { raw: string; position: string; ingested_ms: number }
>({
  name: "event_named",
  sql: `SELECT ${EVENT}, raw, position, toUnixTimestamp64Milli(ingested_at) AS ingested_ms FROM events AS e FINAL
WHERE principal_uid = {principal:String} AND e.time = fromUnixTimestamp64Milli({time:Int64}) AND event_uid = {uid:String} LIMIT 1`,
  row: eventRow.extend({ raw: text, position: text, ingested_ms: count }),
});

/** eventsNamed gives the events of findings, oldest first. */
export const eventsNamed = defineQuestion<
  { principals: readonly string[]; uids: readonly string[]; from: number; to: number; limit: number },
  EventRow
>({
  name: "events_named",
  sql: `SELECT ${EVENT} FROM events AS e
WHERE principal_uid IN {principals:Array(String)} AND event_uid IN {uids:Array(String)}
  AND e.time >= fromUnixTimestamp64Milli({from:Int64}) AND e.time <= fromUnixTimestamp64Milli({to:Int64})
ORDER BY e.time, event_uid LIMIT 1 BY principal_uid, e.time, event_uid LIMIT {limit:UInt32}`,
  row: eventRow,
});

const slotRow = z.object({ at: count, calls: count, failed: count });
/** callsBySlot counts the calls of one subject in steps of so many ms. */
export const callsBySlot = defineQuestion<
  { principals: readonly string[]; subject: string; from: number; to: number; step: number },
  z.infer<typeof slotRow>
>({
  name: "calls_by_slot",
  sql: `SELECT intDiv(toUnixTimestamp64Milli(time), {step:Int64}) * {step:Int64} AS at, count() AS calls,
  countIf(outcome NOT IN ('success', 'unknown')) AS failed
FROM events FINAL WHERE principal_uid IN {principals:Array(String)} AND subject_uid = {subject:String} AND ${SPAN}
GROUP BY at ORDER BY at LIMIT 2000`,
  row: slotRow,
});

const changeRow = z.object({
  incident_uid: text,
  n: count,
  kind: text,
  at: count,
  actor: text,
  severity: text,
  status: text,
  title: text,
});
export type ChangeRow = z.infer<typeof changeRow>;
/** changesSince gives what became of incidents since a time, oldest first. */
export const changesSince = defineQuestion<{ since: number; limit: number }, ChangeRow>({
  name: "changes_since",
  sql: `SELECT incident_uid, n, toString(kind) AS kind, toUnixTimestamp64Milli(at) AS at, actor, toString(severity) AS severity,
  toString(status) AS status, JSONExtractString(state, 'title') AS title
FROM transitions AS t FINAL WHERE t.at >= fromUnixTimestamp64Milli({since:Int64}) ORDER BY at, incident_uid, n LIMIT {limit:UInt32}`,
  row: changeRow,
});

/** eventCount is the rows in the store, from its own books. */
export const eventCount = defineQuestion<Record<string, never>, { events: number }>({
  name: "event_count",
  sql: "SELECT count() AS events FROM events",
  row: z.object({ events: count }),
});
