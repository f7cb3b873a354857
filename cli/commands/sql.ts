import { CommandFault } from "../out.ts";
import { type StoreCommand, text } from "./command.ts";

const FORMATS: Record<string, string> = {
  table: "PrettyCompactMonoBlock",
  json: "JSONEachRow",
  csv: "CSVWithNames",
  tsv: "TSVWithNames",
};

/** sql runs one question on a session that can only read. */
export const sql: StoreCommand = async ({ app, args, out }) => {
  const format = FORMATS[text(args.format) ?? "table"];
  if (format === undefined) throw new CommandFault(`--format takes ${Object.keys(FORMATS).join(", ")}.`, 2);
  const query = String(args.query).trim().replace(/;\s*$/, "");
  const reader = await app.store.readOnly();
  try {
    const answer = await reader.text(query, {}, /\bformat\s+\w+\s*$/i.test(query) ? undefined : format);
    out.line(answer.replace(/\n$/, ""));
    return 0;
  } catch (error) {
    throw new CommandFault(`The engine refused it: ${(error as Error).message.split("\n")[0]}`);
  } finally {
    await reader.close();
  }
};
