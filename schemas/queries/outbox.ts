import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const row = z.object({
  subject_uid: z.string(),
  incident_uid: z.string(),
  receiver: z.string(),
  channel: z.string(),
  n: z.number(),
  last_n: z.number(),
  due: z.number(),
  attempts: z.number(),
  first_at: z.number(),
  next_at: z.number(),
  version: z.number(),
});
export type PendingRow = z.infer<typeof row>;

/** pendingMessages gives all that still has to be delivered, in the order in which it fell due. */
export const pendingMessages = defineQuestion<Record<string, never>, PendingRow>({
  name: "pending_messages",
  sql: `
    SELECT subject_uid, incident_uid, receiver, channel, n, last_n, toUnixTimestamp64Milli(o.due) AS due, attempts,
      toUnixTimestamp64Milli(o.first_at) AS first_at, toUnixTimestamp64Milli(o.next_at) AS next_at, version
    FROM outbox AS o WHERE status = 'pending' ORDER BY o.due, incident_uid, n`,
  row,
});

const key = z.object({
  incident_uid: z.string(),
  receiver: z.string(),
  channel: z.string(),
  n: z.number(),
  last_n: z.number(),
  status: z.string(),
});

/** messagesOfIncidents names every message of some incidents; last_n is what it told, or will tell while it is pending. */
export const messagesOfIncidents = defineQuestion<{ incidents: readonly string[] }, z.infer<typeof key>>({
  name: "messages_of_incidents",
  sql: `
    SELECT incident_uid, receiver, channel, n, if(status = 'pending', o.last_n, told_n) AS last_n, status
    FROM outbox AS o WHERE incident_uid IN {incidents:Array(String)}`,
  row: key,
});

/** messagesSince is the same for every incident that was to be told of something since a time. */
export const messagesSince = defineQuestion<{ since: number }, z.infer<typeof key>>({
  name: "messages_since",
  sql: `
    SELECT incident_uid, receiver, channel, n, if(status = 'pending', o.last_n, told_n) AS last_n, status
    FROM outbox AS o WHERE o.due >= fromUnixTimestamp64Milli({since:Int64})`,
  row: key,
});

const receipt = z.object({ receipt: z.string() });

/** firstReceipt gives what the channel answered to the first message of an incident; no row: it has not heard of it. */
export const firstReceipt = defineQuestion<
  { incident: string; receiver: string; channel: string; before: number },
  z.infer<typeof receipt>
>({
  name: "first_receipt",
  sql: `
    SELECT receipt FROM deliveries FINAL
    WHERE incident_uid = {incident:String} AND receiver = {receiver:String} AND channel = {channel:String}
      AND outcome = 'ok' AND n < {before:UInt32}
    ORDER BY n LIMIT 1`,
  row: receipt,
});
