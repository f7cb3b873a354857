import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

const principal = z.object({ principal_uid: z.string(), subjects: z.array(z.string()), events: z.number() });

/** principalsNamed finds principals by their uid or name, with the subjects whose habits were learned from them. */
export const principalsNamed = defineQuestion<{ name: string }, z.infer<typeof principal>>({
  name: "principals_named",
  sql: `SELECT principal_uid, groupUniqArray(subject_uid) AS subjects, count() AS events
FROM events WHERE principal_uid = {name:String} OR principal = {name:String}
GROUP BY principal_uid ORDER BY principal_uid LIMIT 20`,
  row: principal,
});

const incident = z.object({ uid: z.string() });

export const incidentsOfSubjects = defineQuestion<{ subjects: string[] }, z.infer<typeof incident>>({
  name: "incidents_of_subjects",
  sql: "SELECT DISTINCT uid FROM incidents WHERE subject_uid IN {subjects:Array(String)} ORDER BY uid",
  row: incident,
});

const engineState = z.object({ log: z.string(), subject_uid: z.string(), newest: z.number() });

/** engineStates gives the newest state of the engine of each log; `subject` is its row in a log that is alone. */
export const engineStates = defineQuestion<{ subject: string }, z.infer<typeof engineState>>({
  name: "engine_states",
  sql: `SELECT log, subject_uid, max(generation) AS newest FROM profiles
WHERE subject_uid = {subject:String} OR startsWith(subject_uid, concat({subject:String}, '@')) GROUP BY log, subject_uid ORDER BY log`,
  row: engineState,
});

/** Whom names a principal by everything that its rows are found by. */
export interface Whom {
  principal: string;
  subjects: string[];
  incidents: string[];
}

/**
 * Deletions takes everything about a principal out of every table. Events go last: by them an erasure that broke off is found, and can be
 * repeated. They are real deletions: rows that are only marked would stay on the disk until the next merge; and none asks another
 * table, which a replicated one refuses.
 */
export const deletions: readonly { table: string; where: string }[] = [
  { table: "sightings", where: "principal_uid = {principal:String}" },
  { table: "findings", where: "principal_uid = {principal:String} OR subject_uid IN {subjects:Array(String)}" },
  ...["deliveries", "holds"].map((table) => ({
    table,
    where: "incident_uid IN {incidents:Array(String)}",
  })),
  ...["messages", "held_findings", "transitions", "incidents", "profiles"].map((table) => ({
    table,
    where: "subject_uid IN {subjects:Array(String)}",
  })),
  { table: "events", where: "principal_uid = {principal:String}" },
];
