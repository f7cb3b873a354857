import { exceptionOf } from "../../dashboard/clickhouse/exception.ts";
import { judge } from "../../dashboard/clickhouse/guard.ts";
import { loadRules } from "../../dashboard/clickhouse/rules.ts";
import { CommandFault } from "../out.ts";
import { type StoreCommand, text } from "./command.ts";

const FORMATS: Record<string, string> = {
  table: "PrettyCompactMonoBlock",
  json: "JSONEachRow",
  csv: "CSVWithNames",
  tsv: "TSVWithNames",
};

/** sql runs one question on a session that can only read, behind the guard of the ClickHouse door. */
export const sql: StoreCommand = async ({ app, args, out }) => {
  const format = FORMATS[text(args.format) ?? "table"];
  if (format === undefined) throw new CommandFault(`--format takes ${Object.keys(FORMATS).join(", ")}.`, 2);
  const reader = await app.store.readOnly();
  try {
    const judged = judge(String(args.query), await loadRules(app.store));
    const answer = await reader.text(judged.sql, {}, judged.format ?? format);
    out.line(answer.replace(/\n$/, ""));
    return 0;
  } catch (error) {
    const { code, message } = exceptionOf(error);
    const why = code === 1002 ? String((error as Error).message) : message;
    throw new CommandFault(`The engine refused it: ${why.split("\n")[0]}`);
  } finally {
    await reader.close();
  }
};
