import { accessSync, constants, statSync } from "node:fs";
import { listFiles } from "../../ingest/sources/file_list.ts";
import { formatDuration, HOUR_MS } from "../../schemas/duration.ts";
import { foldersOf } from "../backfill.ts";
import { count } from "../out.ts";
import { latenessOf } from "../parts.ts";
import { sourceTrouble } from "../source_trouble.ts";
import { awsLines } from "./aws.ts";
import { bad, type Line, ok, type Patient, warn } from "./line.ts";

/** Providers deliver in bursts: a silence is worth a look after several times their lateness. */
const SILENT_LATENESSES = 6;

/** sourceLines looks at each source of the config, and at how old the last record of each provider is. */
export async function sourceLines(app: Patient): Promise<Line[]> {
  const lines: Line[] = [];
  for (const source of foldersOf(app.config)) lines.push(await folderLine(source.path, app.now()));
  lines.push(...(await awsLines(app.config)));
  const lateness = latenessOf(app.config, app.parts);
  const seen = await app.store.rows(
    "SELECT provider, toUnixTimestamp64Milli(max(time)) AS newest FROM events GROUP BY provider ORDER BY provider",
  );
  for (const row of seen) {
    const provider = String(row.provider);
    const age = app.now() - Number(row.newest);
    const bound = Math.max(HOUR_MS, SILENT_LATENESSES * lateness(provider));
    const says = `the last record is ${formatDuration(Math.max(0, age))} old, its lateness is ${formatDuration(lateness(provider))}`;
    lines.push(
      age > bound
        ? warn(`provider ${provider}`, says, "look whether its log still arrives; a silent log hides whatever happens")
        : ok(`provider ${provider}`, says),
    );
  }
  for (const [provider, findings] of await sourceTrouble(app.store, app.now()))
    for (const f of findings) lines.push(warn(`provider ${provider}`, f.reasons[0]!, f.runbook[0]!));
  if (app.config.sources.length === 0 && seen.length === 0)
    lines.push(
      warn("sources", "none in the config and nothing was pushed", "add one under `sources`, or push over HTTP"),
    );
  return lines;
}

async function folderLine(path: string, now: number): Promise<Line> {
  const check = `source ${path}`;
  try {
    const stat = statSync(path);
    accessSync(path, stat.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK);
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === "ENOENT";
    return gone
      ? bad(check, "is not there", "make the folder, or mend the path under `sources`")
      : bad(check, "cannot be read by this user", "give it the right to read, chmod or setfacl");
  }
  const { files } = await listFiles([path]);
  if (files.length === 0) return warn(check, "can be read and holds no log file", "look whether files arrive there");
  const newest = Math.max(
    ...files.slice(-1_000).map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0),
  );
  return ok(check, `${count(files.length)} files, the newest written ${formatDuration(Math.max(0, now - newest))} ago`);
}
