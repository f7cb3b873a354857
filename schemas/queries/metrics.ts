import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const group = z.object({ status: z.string(), severity: z.string(), count: z.number() });

/** incidentCounts counts incidents by status and severity; the table has one row each. */
export const incidentCounts = defineQuestion<Record<string, never>, z.infer<typeof group>>({
  name: "incident_counts",
  sql: "SELECT status, severity, count() AS count FROM incidents FINAL GROUP BY status, severity",
  row: group,
});

const open = z.object({ count: z.number() });

/** openDeadLetters counts those that nobody replayed. */
export const openDeadLetters = defineQuestion<Record<string, never>, z.infer<typeof open>>({
  name: "open_dead_letters",
  sql: "SELECT count() AS count FROM dead_letters FINAL WHERE status = 'open'",
  row: open,
});
