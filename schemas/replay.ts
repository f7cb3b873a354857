import { z } from "zod";

/** replayCommand asks to try a message again that could not be delivered; it travels like a command about an incident. */
export const replayCommand = z.strictObject({
  kind: z.literal("replay"),
  id: z.string().min(1),
  actor: z.string().min(1),
  at: z.number().int(),
  /** The idempotency key of the message: it stays the same. */
  message_id: z.string().min(1),
});
export type ReplayCommand = z.infer<typeof replayCommand>;
