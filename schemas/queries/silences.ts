import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const row = z.object({
  uid: z.string(),
  matchers: z.string(),
  author: z.string(),
  reason: z.string(),
  starts_at: z.number(),
  ends_at: z.number(),
  created_at: z.number(),
  expired_at: z.number().nullable(),
  expired_by: z.string().nullable(),
  hits: z.number(),
});
export type SilenceRow = z.infer<typeof row>;

/** silencesEndingAfter gives silences that hold, or held, at some moment after `since`, those that end first in front. */
export const silencesEndingAfter = defineQuestion<{ since: number }, SilenceRow>({
  name: "silences_ending_after",
  sql: `
    SELECT s.uid AS uid, matchers, author, reason,
      toUnixTimestamp64Milli(s.starts_at) AS starts_at, toUnixTimestamp64Milli(s.ends_at) AS ends_at,
      toUnixTimestamp64Milli(s.created_at) AS created_at, toUnixTimestamp64Milli(s.expired_at) AS expired_at,
      expired_by, h.hits AS hits
    FROM (SELECT * FROM silences FINAL) AS s
    LEFT JOIN
    (
      SELECT held_by, uniqExact(incident_uid) AS hits FROM holds WHERE kind = 'silenced' GROUP BY held_by
    ) AS h ON h.held_by = s.uid
    WHERE least(s.ends_at, ifNull(s.expired_at, s.ends_at)) > fromUnixTimestamp64Milli({since:Int64})
    ORDER BY s.ends_at, s.uid`,
  row,
});
