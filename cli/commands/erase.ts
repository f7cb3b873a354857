import { ENGINE_SUBJECT } from "../../detect/engine.ts";
import {
  deletions,
  engineStates,
  incidentsOfSubjects,
  principalsNamed,
  type Whom,
} from "../../schemas/queries/erase.ts";
import type { Store } from "../../schemas/store/store.ts";
import type { App } from "../app.ts";
import { CommandFault, count } from "../out.ts";
import { inert } from "../table.ts";
import { flag, type StoreCommand, text } from "./command.ts";

/** eraseCommand deletes one principal, after it has told what there is of it. An entry stays that says who erased how much, and not whom. */
export const eraseCommand: StoreCommand = async ({ app, args, out, actor }) => {
  const name = text(args.principal) ?? "";
  const found = await app.store.ask(principalsNamed, { name });
  const [one, another] = found;
  if (one === undefined) throw new CommandFault(`There is no principal ${inert(name.slice(0, 80))}.`);
  if (another !== undefined)
    throw new CommandFault(
      `${inert(name)} names several principals: ${found.map((f) => inert(f.principal_uid)).join(", ")}. Give one of these.`,
    );
  const whom = await everythingOf(app.store, one);
  const counts = await countRows(app.store, whom);
  const summary = counts.filter(([, n]) => n > 0).map(([table, n]) => `${count(n)} ${table}`);
  if (!flag(args.yes)) {
    out.line(`${inert(one.principal_uid)}: ${summary.join(", ")}. Nothing was erased; say --yes to do it.`);
    return 0;
  }
  await erase(app, whom, actor, counts);
  out.line(`Erased ${inert(one.principal_uid)}: ${summary.join(", ")}.`);
  out.note(
    "Backups, the log files it came from, and what other principals did to it are not touched. Erase it there too.",
  );
  if (app.config.kafka !== null)
    out.note(
      "Processes with the roles detect and alert write again what they hold in memory, and topics keep records for their retention: restart those processes, then run this once more.",
    );
  return 0;
};

async function everythingOf(
  store: Store,
  { principal_uid, subjects }: { principal_uid: string; subjects: string[] },
): Promise<Whom> {
  const incidents = (await store.ask(incidentsOfSubjects, { subjects })).map((i) => i.uid);
  return { principal: principal_uid, subjects, incidents };
}

const countRows = (store: Store, whom: Whom): Promise<[table: string, rows: number][]> =>
  Promise.all(
    deletions.map(async ({ table, where }) => {
      const [row] = await store.rows(`SELECT count() AS n FROM ${table} WHERE ${where}`, { ...whom });
      return [table, Number(row?.n ?? 0)] as [string, number];
    }),
  );

async function erase(app: App, whom: Whom, actor: string, counts: [string, number][]): Promise<void> {
  const subjects = new Set(whom.subjects);
  // What was taken in is judged first, so that nothing about them is under way.
  await app.save();
  await app.detector.forget(subjects);
  await app.alerter.forget(subjects);
  await app.save();
  await app.store.whileStill(async (store) => {
    // What was judged meanwhile may have made one more incident.
    const all = await everythingOf(store, { principal_uid: whom.principal, subjects: whom.subjects });
    for (const { table, where } of deletions)
      await store.command(`ALTER TABLE ${table} DELETE WHERE ${where} SETTINGS mutations_sync = 2`, { ...all });
    // Earlier states of the engine knew which networks they shared with others.
    for (const { log, subject_uid, newest } of await store.ask(engineStates, { subject: ENGINE_SUBJECT }))
      await store.command(
        "ALTER TABLE profiles DELETE WHERE log = {log:String} AND subject_uid = {subject_uid:String} AND generation < {newest:UInt64} SETTINGS mutations_sync = 2",
        { log, subject_uid, newest },
      );
    const at = new Date(app.now()).toISOString();
    const whose = app.parts.fingerprint("erased", whom.principal);
    await store.insert("meta", [
      {
        name: `erased ${at}`,
        value: JSON.stringify({ at, actor, whose, rows: Object.fromEntries(counts) }),
        updated_at: at,
      },
    ]);
  });
}
