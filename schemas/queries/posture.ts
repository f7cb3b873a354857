import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const use = z.object({
  subject_uid: z.string(),
  key_uid: z.string().nullable(),
  key_hint: z.string().nullable(),
  account: z.string().nullable(),
  principal_uid: z.string(),
  principal: z.string().nullable(),
  first_ms: z.number(),
  events: z.number(),
  operations: z.array(z.string()),
});
export type UseRow = z.infer<typeof use>;

/**
 * useOfKeys gives what a provider's log before a time (ms) says of the use of each subject, and what it did since another; only of the
 * given keys, unless principals are declared: those are found by their names, so every subject is needed.
 */
export const useOfKeys = defineQuestion<
  { provider: string; before: number; since: number; keys: readonly string[]; principals: number },
  UseRow
>({
  name: "use_of_keys",
  sql: `SELECT e.subject_uid AS subject_uid, argMax(e.key_uid, e.time) AS key_uid, argMax(e.key_hint, e.time) AS key_hint,
  argMax(e.account, e.time) AS account, argMax(e.principal_uid, e.time) AS principal_uid, argMax(e.principal, e.time) AS principal,
  toUnixTimestamp64Milli(min(e.time)) AS first_ms, count() AS events,
  arraySort(groupUniqArrayIf(2000)(if(e.service IS NULL, e.operation, concat(assumeNotNull(e.service), ':', e.operation)),
    e.time >= fromUnixTimestamp64Milli({since:Int64}))) AS operations
FROM events AS e
WHERE e.provider = {provider:String} AND e.time < fromUnixTimestamp64Milli({before:Int64})
  AND ({principals:UInt8} = 1 OR e.key_uid IN {keys:Array(String)})
GROUP BY subject_uid ORDER BY subject_uid`,
  row: use,
});

/** firstEvents tells since when each provider's log is read, ms. */
export const firstEvents = defineQuestion<Record<string, never>, { provider: string; first_ms: number }>({
  name: "first_events",
  sql: "SELECT provider, toUnixTimestamp64Milli(min(time)) AS first_ms FROM events GROUP BY provider ORDER BY provider",
  row: z.object({ provider: z.string(), first_ms: z.number() }),
});

/** newestEvents tells how far each provider's log has come, ms; only of those with an event since another time. */
export const newestEvents = defineQuestion<{ since: number }, { provider: string; newest_ms: number }>({
  name: "newest_events",
  sql: `SELECT provider, toUnixTimestamp64Milli(max(time)) AS newest_ms FROM events
WHERE time >= fromUnixTimestamp64Milli({since:Int64}) GROUP BY provider ORDER BY provider`,
  row: z.object({ provider: z.string(), newest_ms: z.number() }),
});

/** postureFindings gives the newest form of each finding of some detections. */
export const postureFindings = defineQuestion<
  { detections: readonly string[]; provider: string },
  { document: string }
>({
  name: "posture_findings",
  sql: `SELECT document FROM findings FINAL
WHERE detection IN {detections:Array(String)} AND ({provider:String} = '' OR provider = {provider:String}) ORDER BY uid`,
  row: z.object({ document: z.string() }),
});
