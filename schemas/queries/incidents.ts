import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const document = z.object({ document: z.string() });

/** incidentList gives whole incidents, worst first; an empty list of statuses means all. */
export const incidentList = defineQuestion<
  {
    statuses: readonly string[];
    severities: readonly string[];
    since: number;
    until: number;
    text: string;
    limit: number;
  },
  z.infer<typeof document>
>({
  name: "incident_list",
  sql: `
    SELECT document FROM incidents FINAL
    WHERE (empty({statuses:Array(String)}) OR status IN {statuses:Array(String)})
      AND severity IN {severities:Array(String)}
      AND last_seen >= fromUnixTimestamp64Milli({since:Int64}) AND first_seen <= fromUnixTimestamp64Milli({until:Int64})
      AND ({text:String} = '' OR positionCaseInsensitiveUTF8(
            concat(uid, ' ', title, ' ', ifNull(key_name, ''), ' ', ifNull(key_hint, ''), ' ', ifNull(key_uid, ''),
                   ' ', ifNull(owner, ''), ' ', provider, ' ', subject_uid), {text:String}) > 0)
    ORDER BY indexOf(['informational', 'low', 'medium', 'high', 'critical'], severity) DESC, risk DESC, last_seen DESC, uid
    LIMIT {limit:UInt32}`,
  row: document,
});

/** incidentByUid gives the newest state of one incident, or nothing. */
export const incidentByUid = defineQuestion<{ uid: string }, z.infer<typeof document>>({
  name: "incident_by_uid",
  sql: "SELECT document FROM incidents FINAL WHERE uid = {uid:String}",
  row: document,
});

const uid = z.object({ uid: z.string() });

/** incidentUidsLike gives up to three uids that begin so: one is an answer, more are an ambiguity. */
export const incidentUidsLike = defineQuestion<{ prefix: string }, z.infer<typeof uid>>({
  name: "incident_uids_like",
  sql: "SELECT DISTINCT uid FROM incidents WHERE startsWith(uid, {prefix:String}) ORDER BY uid LIMIT 3",
  row: uid,
});

const quiet = z.object({ uid: z.string(), subject_uid: z.string() });

/** quietIncidents gives unresolved ones without a transition since `before`; critical ones wait for a person's verdict. */
export const quietIncidents = defineQuestion<{ before: number; limit: number }, z.infer<typeof quiet>>({
  name: "quiet_incidents",
  sql: `
    SELECT uid, subject_uid FROM incidents FINAL
    WHERE status IN ('open', 'acknowledged', 'reopened') AND severity != 'critical'
      AND updated_at <= fromUnixTimestamp64Milli({before:Int64})
    ORDER BY updated_at, uid LIMIT {limit:UInt32}`,
  row: quiet,
});

const behind = z.object({ subject_uid: z.string() });

/** subjectsBehind gives subjects of which the log knows a newer state of an incident than the list does. */
export const subjectsBehind = defineQuestion<Record<string, never>, z.infer<typeof behind>>({
  name: "subjects_behind",
  sql: `
    SELECT DISTINCT t.subject_uid AS subject_uid
    FROM (SELECT subject_uid, incident_uid, max(n) AS last FROM transitions GROUP BY subject_uid, incident_uid) AS t
    LEFT JOIN (SELECT uid, max(n) AS last FROM incidents GROUP BY uid) AS i ON i.uid = t.incident_uid
    WHERE i.last < t.last`,
  row: behind,
});

/** incidentsOfSubject gives the newest incidents of one subject, or of many keys it is one of. */
export const incidentsOfSubject = defineQuestion<{ subject: string; limit: number }, z.infer<typeof document>>({
  name: "incidents_of_subject",
  sql: `SELECT document FROM incidents FINAL
WHERE subject_uid = {subject:String} OR has(JSONExtract(document, 'members', 'Array(String)'), {subject:String})
ORDER BY incidents.last_seen DESC, uid LIMIT {limit:UInt32}`,
  row: document,
});
