import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const row = z.object({
  at: z.number(),
  actor: z.string(),
  via: z.string(),
  action: z.string(),
  target: z.string(),
  detail: z.string(),
});
export type AuditRow = z.infer<typeof row>;

/** auditLog gives who did what, newest first: sign-ins and changes, what people did to incidents by any way, and what was erased. */
export const auditLog = defineQuestion<{ limit: number }, AuditRow>({
  name: "audit_log",
  sql: `SELECT * FROM
(
  SELECT toUnixTimestamp64Milli(at) AS at, actor, toString(via) AS via, toString(action) AS action, target, detail FROM audit FINAL
  ORDER BY at DESC LIMIT {limit:UInt32}
  UNION ALL
  SELECT toUnixTimestamp64Milli(at), actor, 'incidents', toString(kind), concat('INC-', substring(incident_uid, 1, 8)), note FROM transitions FINAL
  WHERE command_id != '' ORDER BY at DESC LIMIT {limit:UInt32}
  UNION ALL
  SELECT toUnixTimestamp64Milli(created_at), author, 'silences', 'silenced', concat('SIL-', substring(uid, 1, 8)), concat(matchers, ' ', reason)
  FROM silences FINAL ORDER BY created_at DESC LIMIT {limit:UInt32}
  UNION ALL
  SELECT toUnixTimestamp64Milli(assumeNotNull(expired_at)), ifNull(expired_by, ''), 'silences', 'ended a silence', concat('SIL-', substring(uid, 1, 8)), ''
  FROM silences FINAL WHERE expired_at IS NOT NULL ORDER BY expired_at DESC LIMIT {limit:UInt32}
  UNION ALL
  SELECT toUnixTimestamp64Milli(updated_at), JSONExtractString(value, 'actor'), 'cli', 'erased', 'a principal', JSONExtractRaw(value, 'rows')
  FROM meta FINAL WHERE startsWith(name, 'erased ') ORDER BY updated_at DESC LIMIT {limit:UInt32}
)
ORDER BY at DESC LIMIT {limit:UInt32}`,
  row,
});

/** auditTargets names what an action was done to since a time, ms. */
export const auditTargets = defineQuestion<{ action: string; since: number }, { target: string }>({
  name: "audit_targets",
  sql: "SELECT DISTINCT target FROM audit WHERE action = {action:String} AND at >= fromUnixTimestamp64Milli({since:Int64})",
  row: z.object({ target: z.string() }),
});
