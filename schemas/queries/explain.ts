import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const row = z.object({ start: z.number(), calls: z.number(), denied: z.number(), denied_operations: z.number() });

/** countsAround gives the calls of a subject per bucket in [from, to), ms: those that were judged, the denied ones, and their distinct operations. */
export const countsAround = defineQuestion<
  { subject: string; principal: string; from: number; to: number; bucket: number; offset: number },
  z.infer<typeof row>
>({
  name: "counts_around",
  sql: `SELECT intDiv(toUnixTimestamp64Milli(time) - {offset:Int64}, {bucket:Int64}) * {bucket:Int64} + {offset:Int64} AS start,
  countIf(outcome IN ('success', 'denied', 'unauthenticated')) AS calls,
  countIf(outcome IN ('denied', 'unauthenticated')) AS denied,
  uniqExactIf((service, operation), outcome IN ('denied', 'unauthenticated')) AS denied_operations
FROM events FINAL
WHERE principal_uid = {principal:String} AND subject_uid = {subject:String}
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
GROUP BY start ORDER BY start`,
  row,
});
