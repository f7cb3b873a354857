import { z } from "zod";
import { transitionKinds } from "../incident.ts";
import { defineQuestion } from "../store/store.ts";

const episode = z.object({
  incident_uid: z.string(),
  state: z.string(),
  findings: z.array(z.string()),
  targets: z.array(z.tuple([z.number(), z.string()])),
  command_ids: z.array(z.string()),
});

/** episodesOfSubjects gives every incident of the subjects with all that its transitions brought in, in no order. */
export const episodesOfSubjects = defineQuestion<{ subjects: readonly string[] }, z.infer<typeof episode>>({
  name: "episodes_of_subjects",
  sql: `
    SELECT incident_uid, argMax(state, n) AS state,
      groupArrayIf(findings, findings != '[]') AS findings,
      groupArrayIf((n, targets), targets != '[]') AS targets,
      groupArrayIf(command_id, command_id != '') AS command_ids
    FROM transitions FINAL WHERE subject_uid IN {subjects:Array(String)}
    GROUP BY incident_uid`,
  row: episode,
});

const held = z.object({ subject_uid: z.string(), document: z.string() });

/** heldOfSubjects gives the weak findings of the subjects that lie within two days of the newest one. */
export const heldOfSubjects = defineQuestion<{ subjects: readonly string[] }, z.infer<typeof held>>({
  name: "held_of_subjects",
  sql: `
    SELECT subject_uid, document FROM
    (
      SELECT subject_uid, document, last_seen, max(last_seen) OVER (PARTITION BY subject_uid) AS newest
      FROM held_findings FINAL WHERE subject_uid IN {subjects:Array(String)}
    )
    WHERE last_seen > newest - INTERVAL 2 DAY
    ORDER BY last_seen DESC LIMIT 400 BY subject_uid`,
  row: held,
});

export const transitionLine = z.object({
  incident_uid: z.string(),
  n: z.number(),
  kind: z.enum(transitionKinds),
  at: z.number(),
  actor: z.string(),
  command_id: z.string(),
  note: z.string(),
  state: z.string(),
});
export type TransitionLine = z.infer<typeof transitionLine>;

/** transitionsOf gives the log of one incident from n to n, both included. */
export const transitionsOf = defineQuestion<
  { subject: string; incident: string; from: number; to: number },
  TransitionLine
>({
  name: "transitions_of",
  sql: `
    SELECT incident_uid, n, kind, toUnixTimestamp64Milli(at) AS at, actor, command_id, note, state
    FROM transitions FINAL
    WHERE subject_uid = {subject:String} AND incident_uid = {incident:String}
      AND n BETWEEN {from:UInt32} AND {to:UInt32}
    ORDER BY n`,
  row: transitionLine,
});

const told = z.object({ subject_uid: z.string(), incident_uid: z.string(), n: z.number(), targets: z.string() });

/** targetsSince gives what was to be told since a time: the outbox must hold it, or it is put there. */
export const targetsSince = defineQuestion<{ since: number }, z.infer<typeof told>>({
  name: "targets_since",
  sql: `
    SELECT subject_uid, incident_uid, n, targets FROM transitions FINAL
    WHERE at >= fromUnixTimestamp64Milli({since:Int64}) AND targets != '[]'`,
  row: told,
});

/** verdictsOfPeople gives every resolution with a verdict and every reopening, with what the incident held then. */
export const verdictsOfPeople = defineQuestion<
  Record<string, never>,
  { subject_uid: string; incident_uid: string; n: number; effective_at: number; state: string }
>({
  name: "verdicts_of_people",
  sql: `
    SELECT subject_uid, incident_uid, n, toUnixTimestamp64Milli(at) AS effective_at, state
    FROM transitions FINAL WHERE kind = 'reopened' OR (kind = 'resolved' AND JSONExtractString(state, 'verdict') != '')
    ORDER BY at, incident_uid, n`,
  row: z.object({
    subject_uid: z.string(),
    incident_uid: z.string(),
    n: z.coerce.number(),
    effective_at: z.coerce.number(),
    state: z.string(),
  }),
});
