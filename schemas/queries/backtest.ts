import { z } from "zod";
import { defineQuestion } from "../store/store.ts";
import { transitionLine } from "./transitions.ts";

/** eventsBefore gives how many events the store holds from the first one to a time (ms), and the last number of all. */
export const eventsBefore = defineQuestion<{ to: number }, { events: number; last_seq: number; first_ms: number }>({
  name: "events_before",
  sql: `SELECT countIf(time < fromUnixTimestamp64Milli({to:Int64})) AS events, max(seq) AS last_seq,
  toUnixTimestamp64Milli(min(time)) AS first_ms FROM events`,
  row: z.object({ events: z.number(), last_seq: z.number(), first_ms: z.number() }),
});

const commanded = transitionLine.omit({ n: true });
export type CommandedLine = z.infer<typeof commanded>;

/** commandsBefore gives what people did to incidents, in order: their acknowledgements and verdicts are input. */
export const commandsBefore = defineQuestion<{ to: number }, CommandedLine>({
  name: "commands_before",
  sql: `SELECT incident_uid, kind, toUnixTimestamp64Milli(at) AS at, actor, command_id, note, state
FROM transitions FINAL WHERE command_id != '' AND at < fromUnixTimestamp64Milli({to:Int64}) ORDER BY at, incident_uid, n`,
  row: commanded,
});

const delivery = z.object({
  incident_uid: z.string(),
  receiver: z.string(),
  channel: z.string(),
  at: z.number(),
  kinds: z.array(z.string()),
  state: z.string(),
});
export type DeliveryLine = z.infer<typeof delivery>;

/** deliveredMessages gives every message that left, with the kinds of the transitions that it told and the state after them. */
export const deliveredMessages = defineQuestion<Record<string, never>, DeliveryLine>({
  name: "delivered_messages",
  sql: `SELECT d.incident_uid AS incident_uid, d.receiver AS receiver, d.channel AS channel, toUnixTimestamp64Milli(d.at) AS at,
  arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((t.n, toString(t.kind))))) AS kinds, argMax(t.state, t.n) AS state
FROM (SELECT incident_uid, receiver, channel, n, last_n, at FROM deliveries FINAL WHERE outcome = 'ok') AS d
JOIN (SELECT incident_uid, n, kind, state FROM transitions FINAL) AS t ON t.incident_uid = d.incident_uid
WHERE t.n >= d.n AND t.n <= d.last_n
GROUP BY incident_uid, receiver, channel, at, d.n ORDER BY at, incident_uid, receiver, channel, d.n`,
  row: delivery,
});
