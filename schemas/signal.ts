import { z } from "zod";

/**
 * signal is a small fact that one key's owner tells about it, for detections that look at many keys at once (a shared new source, a
 * degraded provider). All of them go through one partition of `keywatch.signals`, so that one process sees them in one order.
 */
export const signal = z.strictObject({
  kind: z.string().min(1),
  provider: z.string(),
  account: z.string().nullable(),
  subject_uid: z.string(),
  /** Event time, ms. */
  time: z.number().int(),
  /** The value that keys may share: a network, an operation, an outcome. */
  value: z.string(),
  event_uid: z.string(),
});
export type Signal = z.infer<typeof signal>;
