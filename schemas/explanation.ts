import { z } from "zod";

/** seenFact tells since when a value of the finding is known: UTC day numbers; `first` is null where it was never seen before. */
const seenFact = z.strictObject({
  dimension: z.string(),
  value: z.string(),
  first: z.number().int().nullable(),
  last: z.number().int().nullable(),
  /** Distinct days on which it was seen before. */
  days: z.number().int(),
});
export type SeenFact = z.infer<typeof seenFact>;

/** hoursChart is active days per local hour of the week, Monday 0 h first; `marked` are the hours that the finding is about. */
const hoursChart = z.strictObject({
  kind: z.literal("hours"),
  zone: z.string(),
  cells: z.array(z.number()),
  marked: z.array(z.number().int()),
});

/** countsChart is a count per bucket of event time; between `low` and `high` lies what is usual, null where nothing bounds it. */
const countsChart = z.strictObject({
  kind: z.literal("counts"),
  parameter: z.string(),
  bucket_ms: z.number().int(),
  expected: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** [start of the bucket in ms, count]. A finding holds the judged one; the rest is asked of the store. */
  points: z.array(z.tuple([z.number().int(), z.number()])),
  judged: z.number().int(),
});
export type CountsChart = z.infer<typeof countsChart>;

/** ladderChart is where a call came from, finest level first, beside what the key used at that level before. */
const ladderChart = z.strictObject({
  kind: z.literal("ladder"),
  levels: z.array(
    z.strictObject({
      level: z.string(),
      value: z.string(),
      known: z.boolean(),
      /** Values of this level that are known, and the most used of them. */
      values: z.number().int(),
      usual: z.array(z.string()),
      /** Probability that a day brings a value never seen; null without history. */
      unseen: z.number().nullable(),
    }),
  ),
});

export const chart = z.discriminatedUnion("kind", [hoursChart, countsChart, ladderChart]);
export type Chart = z.infer<typeof chart>;

/** Parts of an explanation that may not apply; each of them is there, or says why not. */
export const explanationParts = [
  "expected",
  "probability",
  "history",
  "peers",
  "first_seen",
  "quiet_if",
  "chart",
] as const;
export type ExplanationPart = (typeof explanationParts)[number];

/**
 * explanation is what stands behind a finding beside its arithmetic: who else used the place, since when each value is known, and
 * what to draw. `unapplied` gives the reason for each part that this finding cannot have.
 */
export const explanation = z.strictObject({
  peers: z
    .strictObject({ dimension: z.string(), value: z.string(), used_by: z.enum(["owner", "account", "none"]) })
    .nullable(),
  first_seen: z.array(seenFact),
  charts: z.array(chart),
  unapplied: z.partialRecord(z.enum(explanationParts), z.string()),
});
export type Explanation = z.infer<typeof explanation>;
