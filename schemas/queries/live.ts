import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const living = z.object({ document: z.string(), since: z.number() });

/** livingIncidents gives those that are not over, with the time of their last opening. */
export const livingIncidents = defineQuestion<Record<string, never>, z.infer<typeof living>>({
  name: "living_incidents",
  sql: `
    SELECT document, toUnixTimestamp64Milli(greatest(i.opened_at, t.reopened)) AS since
    FROM (SELECT uid, document, opened_at FROM incidents FINAL WHERE status IN ('open', 'acknowledged', 'reopened')) AS i
    LEFT JOIN
    (
      SELECT incident_uid, max(at) AS reopened FROM transitions WHERE kind = 'reopened' GROUP BY incident_uid
    ) AS t ON t.incident_uid = i.uid`,
  row: living,
});

const delivered = z.object({
  incident_uid: z.string(),
  receiver: z.string(),
  channel: z.string(),
  first: z.number(),
  last: z.number(),
  /** Messages that were no digest. */
  alone: z.number(),
});

/** deliveredOfLiving tells when each channel was first and last told of the incidents that are not over. */
export const deliveredOfLiving = defineQuestion<Record<string, never>, z.infer<typeof delivered>>({
  name: "delivered_of_living",
  sql: `
    SELECT incident_uid, receiver, channel, toUnixTimestamp64Milli(min(at)) AS first, toUnixTimestamp64Milli(max(at)) AS last,
      countIf(NOT startsWith(bundle, 'digest@')) AS alone
    FROM deliveries
    WHERE outcome = 'ok' AND incident_uid IN
      (SELECT uid FROM incidents FINAL WHERE status IN ('open', 'acknowledged', 'reopened'))
    GROUP BY incident_uid, receiver, channel`,
  row: delivered,
});

const toldTargets = z.object({ incident_uid: z.string(), bundled: z.array(z.string()) });

/** bundledOfLiving gives the targets of those incidents that were told together with others. */
export const bundledOfLiving = defineQuestion<Record<string, never>, z.infer<typeof toldTargets>>({
  name: "bundled_of_living",
  sql: `
    SELECT incident_uid, groupArray(targets) AS bundled FROM transitions FINAL
    WHERE position(targets, '@') > 0 AND incident_uid IN
      (SELECT uid FROM incidents FINAL WHERE status IN ('open', 'acknowledged', 'reopened'))
    GROUP BY incident_uid`,
  row: toldTargets,
});

const state = z.object({ uid: z.string(), document: z.string() });

/** statesOf gives the newest states of some incidents. */
export const statesOf = defineQuestion<{ uids: readonly string[] }, z.infer<typeof state>>({
  name: "states_of",
  sql: "SELECT uid, document FROM incidents FINAL WHERE uid IN {uids:Array(String)}",
  row: state,
});
