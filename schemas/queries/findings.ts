import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const document = z.object({ document: z.string() });

/** The newest findings at or above a severity, newest first. Empty texts mean "any". */
export const findingList = defineQuestion<
  { severities: readonly string[]; detection: string; key: string; limit: number },
  { document: string }
>({
  name: "finding_list",
  sql: `SELECT document FROM findings FINAL
WHERE severity IN {severities:Array(String)}
  AND ({detection:String} = '' OR detection = {detection:String})
  AND ({key:String} = '' OR key_name = {key:String} OR key_hint = {key:String} OR key_uid = {key:String} OR subject_uid = {key:String})
ORDER BY last_seen DESC, uid LIMIT {limit:UInt32}`,
  row: document,
});

/** Findings of some detections that end by themselves and have not, the oldest first. */
export const lastingFindings = defineQuestion<{ detections: readonly string[] }, { document: string }>({
  name: "lasting_findings",
  sql: `SELECT document FROM findings FINAL
WHERE detection IN {detections:Array(String)} AND JSONExtractRaw(document, 'resolved_at') = 'null' ORDER BY first_seen, uid`,
  row: document,
});

/** Findings whose uid begins so. */
export const findingsLike = defineQuestion<{ prefix: string }, { document: string }>({
  name: "findings_like",
  sql: "SELECT document FROM findings FINAL WHERE startsWith(uid, {prefix:String}) LIMIT 2",
  row: document,
});

/** Findings by their uids, oldest first. */
export const findingsNamed = defineQuestion<{ uids: readonly string[] }, { document: string }>({
  name: "findings_named",
  sql: "SELECT document FROM findings FINAL WHERE uid IN {uids:Array(String)} ORDER BY first_seen, uid",
  row: document,
});

/** findingUids names every finding that is stored. */
export const findingUids = defineQuestion<Record<string, never>, { uid: string; detection: string }>({
  name: "finding_uids",
  sql: "SELECT uid, detection FROM findings FINAL ORDER BY uid",
  row: z.object({ uid: z.string(), detection: z.string() }),
});
