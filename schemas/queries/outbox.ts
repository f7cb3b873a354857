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
  bundle: z.string(),
  auto: z.number(),
});
export type PendingRow = z.infer<typeof row>;

/** pendingMessages gives all that still has to be delivered, in the order in which it fell due. */
export const pendingMessages = defineQuestion<Record<string, never>, PendingRow>({
  name: "pending_messages",
  sql: `
    SELECT subject_uid, incident_uid, receiver, channel, n, last_n, toUnixTimestamp64Milli(o.due) AS due, attempts,
      toUnixTimestamp64Milli(o.first_at) AS first_at, toUnixTimestamp64Milli(o.next_at) AS next_at, version, bundle, auto
    FROM outbox AS o
    LEFT JOIN
    (
      SELECT incident_uid, receiver, channel, n, bundle, auto FROM messages FINAL
    ) AS m USING (incident_uid, receiver, channel, n)
    WHERE status = 'pending' ORDER BY o.due, incident_uid, n`,
  row,
});

const held = z.object({
  incident_uid: z.string(),
  receiver: z.string(),
  channel: z.string(),
  n: z.number(),
  step: z.number(),
  kind: z.string(),
  held_by: z.string(),
  note: z.string(),
  until: z.number(),
  bundle: z.string(),
});
export type HeldRow = z.infer<typeof held>;

/** lastHolds gives the last change of hold of every message that is pending. */
export const lastHolds = defineQuestion<Record<string, never>, HeldRow>({
  name: "last_holds",
  sql: `
    SELECT incident_uid, receiver, channel, n, step, kind, held_by, note, toUnixTimestamp64Milli(h.until) AS until, bundle
    FROM (SELECT * FROM holds FINAL ORDER BY step DESC LIMIT 1 BY incident_uid, receiver, channel, n) AS h
    WHERE (incident_uid, receiver, channel, n) IN
      (SELECT incident_uid, receiver, channel, n FROM outbox WHERE status = 'pending')`,
  row: held,
});

const holdLine = z.object({
  receiver: z.string(),
  channel: z.string(),
  n: z.number(),
  at: z.number(),
  kind: z.string(),
  held_by: z.string(),
  note: z.string(),
  until: z.number(),
});
export type HoldLine = z.infer<typeof holdLine>;

/** holdsOf gives why messages about one incident did not leave when they were due, in the order in which it happened. */
export const holdsOf = defineQuestion<{ incident: string }, HoldLine>({
  name: "holds_of",
  sql: `
    SELECT receiver, channel, n, toUnixTimestamp64Milli(h.at) AS at, kind, held_by, note,
      toUnixTimestamp64Milli(h.until) AS until
    FROM (SELECT * FROM holds FINAL WHERE incident_uid = {incident:String}) AS h
    WHERE kind != 'cleared' ORDER BY h.at, receiver, channel, n, step`,
  row: holdLine,
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

/** groupReceipt gives what the channel answered to the first message of a group; no row: it has not heard of it. */
export const groupReceipt = defineQuestion<
  { group: string; receiver: string; channel: string },
  z.infer<typeof receipt>
>({
  name: "group_receipt",
  sql: `
    SELECT receipt FROM deliveries FINAL
    WHERE startsWith(bundle, {group:String}) AND receiver = {receiver:String} AND channel = {channel:String} AND outcome = 'ok'
    ORDER BY deliveries.at, n LIMIT 1`,
  row: receipt,
});

const toldFirst = z.object({ incident_uid: z.string(), bundle: z.string() });

/** firstTold names those of some incidents of which a channel was told, and the bundle in which it first was. */
export const firstTold = defineQuestion<
  { incidents: readonly string[]; receiver: string; channel: string },
  z.infer<typeof toldFirst>
>({
  name: "first_told",
  sql: `
    SELECT incident_uid, argMin(d.bundle, n) AS bundle FROM deliveries AS d
    WHERE incident_uid IN {incidents:Array(String)} AND receiver = {receiver:String} AND channel = {channel:String}
      AND outcome = 'ok'
    GROUP BY incident_uid`,
  row: toldFirst,
});

const spent = z.object({ receiver: z.string(), channel: z.string(), messages: z.number() });

/** spentSince gives how many messages of each channel's budget were delivered since a time. */
export const spentSince = defineQuestion<{ since: number }, z.infer<typeof spent>>({
  name: "spent_since",
  sql: `
    SELECT receiver, channel, uniqExact(message_id) AS messages FROM deliveries
    WHERE counted = 1 AND outcome = 'ok' AND at >= fromUnixTimestamp64Milli({since:Int64})
    GROUP BY receiver, channel`,
  row: spent,
});

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
