import { randomUUID } from "node:crypto";
import { iso } from "../../schemas/duration.ts";
import { incidentLabel } from "../../schemas/incident.ts";
import { messagesWith } from "../../schemas/queries/deliveries.ts";
import { CommandFault, count } from "../out.ts";
import { inert, printTable, shortTime } from "../table.ts";
import { flag, numberOr, type StoreCommand, text } from "./command.ts";

/** Enough of a message id to tell one from another. */
const SHOWN = 12;

export const deliveriesList: StoreCommand = async ({ app, args, out }) => {
  const status = text(args.status) ?? "failed";
  const wanted = { status: status === "any" ? "" : status, id: "", limit: numberOr(args.limit, 50) };
  const rows = await app.store.ask(messagesWith, wanted);
  if (flag(args.json)) {
    for (const row of rows) out.line(JSON.stringify({ ...row, at: iso(row.at) }));
    return 0;
  }
  if (rows.length === 0) {
    out.line(status === "failed" ? "No failed deliveries." : "No such deliveries.");
    return 0;
  }
  printTable(
    out,
    ["MESSAGE", "LAST TRY (UTC)", "RECEIVER", "CHANNEL", "ABOUT", "TRIES", "STATUS", "WHY"],
    rows.map((r) => [
      r.message_id.slice(0, SHOWN),
      shortTime(r.at),
      r.receiver,
      r.channel,
      r.incidents.length === 1 ? incidentLabel(r.incidents[0]!) : `${r.incidents.length} incidents`,
      r.attempts,
      r.status,
      [r.reason, r.error]
        .filter((s) => s !== "")
        .join(": ")
        .slice(0, 80),
    ]),
  );
  if (status === "failed") out.line("\n`keywatch deliveries replay` sends them again, after the cause was mended.");
  return 0;
};

/** deliveriesReplay has failed messages sent again, with the ids they had. */
export const deliveriesReplay: StoreCommand = async ({ app, args, out, actor }) => {
  const id = text(args.id) ?? "";
  const failed = await app.store.ask(messagesWith, { status: "failed", id, limit: 10_000 });
  if (failed.length === 0)
    throw new CommandFault(id === "" ? "No failed deliveries." : `No failed delivery begins with ${inert(id)}.`);
  for (const { message_id } of failed) {
    const command = { kind: "replay", id: randomUUID(), actor, at: app.now(), message_id } as const;
    await app.alerter.replay(command);
  }
  // Without a `serve` this process has to send them itself.
  if (flag(args.alone)) await app.alerter.tick();
  out.line(`${count(failed.length)} ${failed.length === 1 ? "message goes" : "messages go"} out again.`);
  return 0;
};
