import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const counts = z.object({
  events: z.number(),
  keys: z.number(),
  findings: z.number(),
  dead_letters: z.number(),
  newest: z.number().nullable(),
});

/** The few numbers of the overview. Keys and the newest call come from a row per key and country, and not one per call. */
export const statusCounts = defineQuestion<Record<string, never>, z.infer<typeof counts>>({
  name: "status_counts",
  sql: `SELECT
  (SELECT count() FROM events) AS events,
  (SELECT uniqExactIf(key_uid, key_uid != '') FROM sightings) AS keys,
  (SELECT count() FROM findings FINAL) AS findings,
  (SELECT count() FROM dead_letters FINAL WHERE status = 'open') AS dead_letters,
  (SELECT nullIf(toUnixTimestamp64Milli(max(last_seen)), 0) FROM sightings) AS newest`,
  row: counts,
});
