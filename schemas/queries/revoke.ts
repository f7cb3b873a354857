import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

type Span = { subjects: readonly string[]; principals: readonly string[]; from: number; to: number };
const OF_SUBJECTS = `principal_uid IN {principals:Array(String)} AND subject_uid IN {subjects:Array(String)}
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`;

const user = z.object({
  principal_uid: z.string(),
  principal: z.string().nullable(),
  agent: z.string().nullable(),
  src_kind: z.string(),
  network: z.string().nullable(),
  as_org: z.string().nullable(),
  country: z.string().nullable(),
  events: z.number(),
  days: z.number(),
  writes: z.number(),
  failures: z.number(),
  first_ms: z.number(),
  last_ms: z.number(),
  operations: z.array(z.string()),
  operation_count: z.number(),
  resources: z.array(z.string()),
  resource_count: z.number(),
});
export type UserRow = z.infer<typeof user>;

/**
 * usersOfKey gives who and what used a key: each program from each network, the busiest first. Networks are those of an owner, /24 or
 * /48 where the owner is unknown.
 */
export const usersOfKey = defineQuestion<Span & { limit: number }, UserRow>({
  name: "users_of_key",
  sql: `SELECT principal_uid, any(e.principal) AS principal, user_agent_family AS agent, e.src_kind AS src_kind,
  if(e.asn IS NULL, ifNull(e.src_net, e.src_ip), concat('AS', toString(e.asn))) AS network, any(e.as_org) AS as_org, anyHeavy(e.country) AS country,
  count() AS events, uniqExact(toDate(time)) AS days, countIf(verb_class IN ('write', 'admin')) AS writes,
  countIf(outcome NOT IN ('success', 'unknown')) AS failures,
  toUnixTimestamp64Milli(min(time)) AS first_ms, toUnixTimestamp64Milli(max(time)) AS last_ms,
  topK(6)(if(e.service IS NULL, operation, concat(assumeNotNull(e.service), ':', operation))) AS operations,
  uniqExact(e.service, operation) AS operation_count,
  arraySlice(arraySort(groupUniqArrayArray(64)(e.resources)), 1, 6) AS resources, uniqExactArray(e.resources) AS resource_count
FROM events AS e FINAL WHERE ${OF_SUBJECTS}
GROUP BY principal_uid, agent, src_kind, network ORDER BY events DESC, principal_uid, agent, network LIMIT {limit:UInt32}`,
  row: user,
});
