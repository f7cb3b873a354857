import { iso } from "../../schemas/duration.ts";
import { auditLog } from "../../schemas/queries/audit.ts";
import { printTable, shortTime } from "../table.ts";
import { flag, numberOr, type StoreCommand } from "./command.ts";

/** auditList tells who did what, newest first: sign-ins, what people did to incidents and silences by any way, and what was erased. */
export const auditList: StoreCommand = async ({ app, args, out }) => {
  const rows = await app.store.ask(auditLog, { limit: numberOr(args.limit, 50) });
  if (flag(args.json)) {
    for (const row of rows) out.line(JSON.stringify({ ...row, at: iso(row.at) }));
    return 0;
  }
  if (rows.length === 0) {
    out.line("Nobody did anything yet.");
    return 0;
  }
  printTable(
    out,
    ["TIME (UTC)", "WHO", "DID", "TO", "SAID", "BY WAY OF"],
    rows.map((r) => [shortTime(r.at), r.actor, r.action, r.target, r.detail.slice(0, 60), r.via]),
  );
  return 0;
};
