import { z } from "zod";

/**
 * signal is a small fact that one key's owner tells about it, for detections that look at many keys at once (a shared new source, a
 * degraded provider) or at a whole source (silent, late). All of them go through one partition of `keywatch.signals`, so that one process sees them in one order.
 */
export const signal = z.strictObject({
  kind: z.string().min(1),
  provider: z.string(),
  account: z.string().nullable(),
  /** Of a key; of a whole engine where it counts keys. */
  subject_uid: z.string(),
  /** Event time, ms. */
  time: z.number().int(),
  /** The value that keys may share: a network, an operation, an outcome. */
  value: z.string(),
  event_uid: z.string(),
  /** Keys with calls in a window. */
  active: z.number().int().optional(),
  /** Those of them whose calls failed. */
  failing: z.array(z.string()).optional(),
  /** Events that arrived in a quarter of an hour by how late they were: [step of the lag, count] (detect/stats/lag.ts). */
  lags: z.array(z.tuple([z.number().int(), z.number().int()])).optional(),
});
export type Signal = z.infer<typeof signal>;
