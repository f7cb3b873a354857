import { backup, megabytes } from "../backup.ts";
import { CommandFault, count } from "../out.ts";
import { flag, type StoreCommand, text } from "./command.ts";

/** backupCommand makes a backup and says what is in it, the pepper above all. */
export const backupCommand: StoreCommand = async ({ app, args, out }) => {
  const folder = text(args.folder);
  if (folder === null) throw new CommandFault("Name the folder of the backup.", 2);
  const made = await backup(app, folder, out);
  if (flag(args.json)) {
    out.line(JSON.stringify({ folder, ...made, tables: made.tables.map(({ create: _, ...table }) => table) }));
    return 0;
  }
  const events = made.tables.find((t) => t.name === "events");
  const bytes = made.tables.reduce((sum, t) => sum + t.bytes, 0);
  out.line(
    `Backup in ${folder}: ${count(events?.rows ?? 0)} event rows, ${made.tables.length} tables, ${megabytes(bytes)}.`,
  );
  out.note(
    made.pepper === "file"
      ? "It holds the pepper: whoever has the folder can tell which key a fingerprint belongs to. Keep it as safe as a private key."
      : "It does not hold the pepper, which is in KEYWATCH_PEPPER: without that value no key is known again. Keep it elsewhere.",
  );
  return 0;
};
