import { z } from "zod";
import { DAY_MS } from "./duration.ts";
import { parseMatcher } from "./matcher.ts";
import { uuid5 } from "./uid.ts";

/** No silence may last longer: what is to be quiet for good belongs into the config, where others see it. */
export const MAX_SILENCE_MS = 90 * DAY_MS;

/** silence keeps messages about matching incidents back until it ends; people give author, reason and end. */
export const silence = z.strictObject({
  uid: z.string(),
  /** In their text form: `owner="team-finance"`. */
  matchers: z.array(z.string()),
  author: z.string(),
  reason: z.string(),
  starts_at: z.number().int(),
  ends_at: z.number().int(),
  created_at: z.number().int(),
  /** When somebody ended it before its time. */
  expired_at: z.number().int().nullable(),
  expired_by: z.string().nullable(),
  /** Incidents of which it held something back. */
  hits: z.number().int(),
});
export type Silence = z.infer<typeof silence>;

const matcherText = z
  .string()
  .max(500)
  .superRefine((text, ctx) => {
    try {
      parseMatcher(text);
    } catch (error) {
      ctx.addIssue({ code: "custom", message: (error as Error).message });
    }
  });

/** silenceAdd asks for a silence; its uid follows from `id`, so asking twice makes one. */
export const silenceAdd = z.strictObject({
  kind: z.literal("silence_add"),
  id: z.string().min(1),
  actor: z.string().min(1),
  at: z.number().int(),
  matchers: z.array(matcherText).min(1).max(20),
  reason: z.string(),
  starts_at: z.number().int(),
  ends_at: z.number().int(),
});

/** silenceExpire ends a silence now. */
export const silenceExpire = z.strictObject({
  kind: z.literal("silence_expire"),
  id: z.string().min(1),
  actor: z.string().min(1),
  at: z.number().int(),
  uid: z.string(),
});

/** silenceCommand is what people or tools ask about silences; it travels like a command about an incident. */
export const silenceCommand = z.discriminatedUnion("kind", [silenceAdd, silenceExpire]);
export type SilenceCommand = z.infer<typeof silenceCommand>;

/** silenceUid of the command that asked for it. */
export const silenceUid = (commandId: string): string => uuid5("silence", commandId);
/** silenceLabel is the short name people say. */
export const silenceLabel = (uid: string): string => `SIL-${uid.slice(0, 8)}`;

export const silenceStates = ["pending", "active", "expired"] as const;
export type SilenceState = (typeof silenceStates)[number];

/** endOf gives when a silence ends or ended. */
export const endOfSilence = (s: Pick<Silence, "ends_at" | "expired_at">): number =>
  Math.min(s.ends_at, s.expired_at ?? s.ends_at);

export const silenceState = (s: Pick<Silence, "starts_at" | "ends_at" | "expired_at">, now: number): SilenceState =>
  endOfSilence(s) <= now ? "expired" : s.starts_at <= now ? "active" : "pending";
