import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const counts = z.object({
  events: z.number(),
  keys: z.number(),
  findings: z.number(),
  dead_letters: z.number(),
  newest: z.number().nullable(),
});

/** The few numbers of the overview: exact where it is cheap, distinct keys by estimate. */
export const statusCounts = defineQuestion<Record<string, never>, z.infer<typeof counts>>({
  name: "status_counts",
  sql: `SELECT
  (SELECT count() FROM events) AS events,
  (SELECT uniq(key_uid) FROM events) AS keys,
  (SELECT count() FROM findings FINAL) AS findings,
  (SELECT count() FROM dead_letters FINAL WHERE status = 'open') AS dead_letters,
  (SELECT nullIf(toUnixTimestamp64Milli(max(time)), 0) FROM events) AS newest`,
  row: counts,
});
