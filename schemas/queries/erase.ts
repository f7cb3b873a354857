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

/**
 * Deletions takes everything about a principal out of every table, in the order in which nothing is left that others could be
 * rebuilt from. They are real deletions: rows that are only marked would stay on the disk until the next merge.
 */
export const deletions: readonly { table: string; where: string }[] = [
  { table: "events", where: "principal_uid = {principal:String}" },
  { table: "sightings", where: "principal_uid = {principal:String}" },
  { table: "findings", where: "principal_uid = {principal:String} OR subject_uid IN {subjects:Array(String)}" },
  ...["deliveries", "holds"].map((table) => ({
    table,
    where: "incident_uid IN (SELECT uid FROM incidents WHERE subject_uid IN {subjects:Array(String)})",
  })),
  ...["messages", "held_findings", "transitions", "incidents", "profiles"].map((table) => ({
    table,
    where: "subject_uid IN {subjects:Array(String)}",
  })),
];
