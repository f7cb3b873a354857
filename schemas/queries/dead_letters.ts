import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const letter = z.object({
  uid: z.string(),
  provider: z.string(),
  reason: z.string(),
  raw: z.string(),
  bytes: z.number(),
  position: z.string(),
  ingested_ms: z.number(),
  status: z.string(),
});
export type StoredLetter = z.infer<typeof letter>;

const COLUMNS =
  "uid, provider, reason, raw, bytes, position, toUnixTimestamp64Milli(ingested_at) AS ingested_ms, status";

/** Dead letters of one status, newest first; an empty uid means any. */
export const deadLetters = defineQuestion<{ status: string; uid: string; limit: number }, StoredLetter>({
  name: "dead_letters",
  sql: `SELECT ${COLUMNS} FROM dead_letters FINAL
WHERE status = {status:String} AND ({uid:String} = '' OR startsWith(uid, {uid:String}))
ORDER BY ingested_at DESC, uid LIMIT {limit:UInt32}`,
  row: letter,
});

/** Open dead letters by source, page by page; an empty uid means any. */
export const openLetters = defineQuestion<
  { uid: string; position: string; after: string; limit: number },
  StoredLetter
>({
  name: "open_letters",
  sql: `SELECT ${COLUMNS} FROM dead_letters FINAL
WHERE status = 'open' AND ({uid:String} = '' OR startsWith(uid, {uid:String}))
  AND (position, uid) > ({position:String}, {after:String})
ORDER BY position, uid LIMIT {limit:UInt32}`,
  row: letter,
});

/** Open dead letters of one source that were not written since a time, ms. */
export const lettersBefore = defineQuestion<{ source: string; before: number; limit: number }, StoredLetter>({
  name: "letters_before",
  sql: `SELECT ${COLUMNS} FROM dead_letters FINAL
WHERE status = 'open' AND startsWith(position, concat({source:String}, '#'))
  AND updated_at < fromUnixTimestamp64Milli({before:Int64})
ORDER BY uid LIMIT {limit:UInt32}`,
  row: letter,
});

/** How many dead letters there are by reason. */
export const deadLetterReasons = defineQuestion<
  Record<string, never>,
  { provider: string; reason: string; status: string; n: number }
>({
  name: "dead_letter_reasons",
  sql: "SELECT provider, reason, status, count() AS n FROM dead_letters FINAL GROUP BY provider, reason, status ORDER BY n DESC",
  row: z.object({ provider: z.string(), reason: z.string(), status: z.string(), n: z.number() }),
});
