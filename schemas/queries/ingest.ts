import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

/** Where the log ends: the next number is above everything stored, whatever the checkpoint says (an insert may have failed half way). */
export const lastSeq = defineQuestion<Record<string, never>, { seq: number }>({
  name: "last_seq",
  sql: "SELECT max(seq) AS seq FROM events",
  row: z.object({ seq: z.number() }),
});

/** Hours of event time that hold rows: a fresh filter knows nothing about them. */
export const storedHours = defineQuestion<Record<string, never>, { hour: number }>({
  name: "stored_hours",
  sql: "SELECT DISTINCT intDiv(toUnixTimestamp(toStartOfHour(time)), 3600) AS hour FROM events",
  row: z.object({ hour: z.number() }),
});

/** Which of these events are stored: identity is (principal, time, event_uid). Times are ms. */
export const storedIdentities = defineQuestion<
  { uids: string[]; from: number; to: number },
  { principal_uid: string; time_ms: number; event_uid: string }
>({
  name: "stored_identities",
  sql: `SELECT principal_uid, toUnixTimestamp64Milli(time) AS time_ms, event_uid FROM events
WHERE event_uid IN {uids:Array(String)}
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})`,
  row: z.object({ principal_uid: z.string(), time_ms: z.number(), event_uid: z.string() }),
});

/** Which of these are stored with the time of their arrival for want of their own, since a time (ms). */
export const storedTimeless = defineQuestion<
  { uids: string[]; principals: string[]; from: number },
  { principal_uid: string; event_uid: string }
>({
  name: "stored_timeless",
  sql: `SELECT DISTINCT principal_uid, event_uid FROM events
WHERE principal_uid IN {principals:Array(String)} AND event_uid IN {uids:Array(String)}
  AND time = ingested_at AND time >= fromUnixTimestamp64Milli({from:Int64})`,
  row: z.object({ principal_uid: z.string(), event_uid: z.string() }),
});

/** Which of these events are stored in a log, and under which number. Times are ms. */
export const storedNumbers = defineQuestion<
  { uids: string[]; from: number; to: number },
  { principal_uid: string; time_ms: number; event_uid: string; seq: number }
>({
  name: "stored_numbers",
  sql: `SELECT principal_uid, toUnixTimestamp64Milli(time) AS time_ms, event_uid, min(seq) AS seq FROM events
WHERE event_uid IN {uids:Array(String)}
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})
GROUP BY principal_uid, time, event_uid`,
  row: z.object({ principal_uid: z.string(), time_ms: z.number(), event_uid: z.string(), seq: z.number() }),
});

/** How far a source was read. */
export const sourceProgress = defineQuestion<{ source: string }, { name: string; records: number; complete: boolean }>({
  name: "source_progress",
  sql: "SELECT name, records, complete FROM source_progress FINAL WHERE source = {source:String}",
  row: z.object({ name: z.string(), records: z.number(), complete: z.boolean() }),
});

/** How far these sources were read; those that nobody began are left out. */
export const sourcesProgress = defineQuestion<
  { sources: string[] },
  { source: string; records: number; complete: boolean }
>({
  name: "sources_progress",
  sql: "SELECT source, records, complete FROM source_progress FINAL WHERE source IN {sources:Array(String)}",
  row: z.object({ source: z.string(), records: z.number(), complete: z.boolean() }),
});

export const checkpointOf = defineQuestion<
  { log: string },
  { generation: number; stored_to: number; detected_to: number }
>({
  name: "checkpoint",
  sql: "SELECT generation, stored_to, detected_to FROM checkpoints FINAL WHERE log = {log:String}",
  row: z.object({ generation: z.number(), stored_to: z.number(), detected_to: z.number() }),
});
