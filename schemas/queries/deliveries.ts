import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const row = z.object({
  message_id: z.string(),
  receiver: z.string(),
  channel: z.string(),
  incidents: z.array(z.string()),
  at: z.number(),
  attempts: z.number(),
  status: z.string(),
  reason: z.string(),
  error: z.string(),
});
export type DeliveryRow = z.infer<typeof row>;

/** messagesWith gives messages by where they stand after their last attempt, the newest first; "" means any. */
export const messagesWith = defineQuestion<{ status: string; id: string; limit: number }, DeliveryRow>({
  name: "messages_with",
  sql: `
    SELECT message_id, receiver, channel, groupUniqArray(20)(incident_uid) AS incidents,
      toUnixTimestamp64Milli(max(last_at)) AS at, max(attempts) AS attempts,
      any(last_status) AS status, any(last_reason) AS reason, any(last_error) AS error
    FROM
    (
      SELECT incident_uid, receiver, channel, n, argMax(message_id, attempt) AS message_id, max(d.at) AS last_at,
        max(attempt) AS attempts, argMax(d.status, attempt) AS last_status, argMax(d.reason, attempt) AS last_reason,
        argMax(d.error, attempt) AS last_error
      FROM deliveries AS d GROUP BY incident_uid, receiver, channel, n
    )
    WHERE ({status:String} = '' OR last_status = {status:String}) AND startsWith(message_id, {id:String})
    GROUP BY message_id, receiver, channel ORDER BY at DESC, message_id LIMIT {limit:UInt32}`,
  row,
});

const part = z.object({
  subject_uid: z.string(),
  incident_uid: z.string(),
  receiver: z.string(),
  channel: z.string(),
  n: z.number(),
  last_n: z.number(),
  due: z.number(),
  version: z.number(),
  auto: z.number(),
  attempts: z.number(),
  status: z.string(),
  bundle: z.string(),
  told_n: z.number(),
});

/** partsOfMessage gives what one message tells, an incident a row, and where each part stands. */
export const partsOfMessage = defineQuestion<{ id: string }, z.infer<typeof part>>({
  name: "parts_of_message",
  sql: `
    SELECT subject_uid, incident_uid, receiver, channel, n, m.last_n AS last_n, toUnixTimestamp64Milli(m.due) AS due,
      version, auto, attempts, d.last_status AS status, d.last_bundle AS bundle, told_n
    FROM
    (
      SELECT incident_uid, receiver, channel, n, max(attempt) AS attempts, argMax(dd.status, attempt) AS last_status,
        argMax(dd.bundle, attempt) AS last_bundle, argMax(dd.last_n, attempt) AS told_n
      FROM deliveries AS dd
      WHERE (incident_uid, receiver, channel, n) IN
        (SELECT incident_uid, receiver, channel, n FROM deliveries WHERE message_id = {id:String})
      GROUP BY incident_uid, receiver, channel, n
    ) AS d
    INNER JOIN (SELECT * FROM messages FINAL) AS m USING (incident_uid, receiver, channel, n)`,
  row: part,
});
