import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApp } from "../../cli/app.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { createLog } from "../../cli/log.ts";
import type { ConfigText } from "../../schemas/config.ts";
import { loadedFor, quietOut } from "../support.ts";
import { PEPPER } from "./cluster.ts";
import type { Told } from "./story.ts";

/** What one process says of the same records: the columns that must be the same in pieces. */
export const FINDING_LINES =
  "SELECT uid, detection, dimension, bucket, severity, subject_uid, event_count FROM findings FINAL ORDER BY uid";

export interface Reference {
  events: number;
  findings: string[];
  lines: string[];
  incidents: string[];
}

/** referenceOf reads records as a closed input in one process with an embedded store. */
export async function referenceOf(
  folder: string,
  records: readonly Told[],
  inventory: object,
  config: ConfigText = {},
): Promise<Reference> {
  const file = join(folder, "history.json");
  const keys = join(folder, "declared.json");
  // A million records are more than one string can hold.
  writeFileSync(file, "");
  for (let i = 0; i < records.length; i += 20_000)
    appendFileSync(
      file,
      `${records
        .slice(i, i + 20_000)
        .map((r) => r.text)
        .join("\n")}\n`,
    );
  writeFileSync(keys, JSON.stringify(inventory));
  const app = await openApp({
    loaded: loadedFor(join(folder, "embedded"), { ...config, inventory: keys }),
    log: createLog(),
    env: { KEYWATCH_PEPPER: PEPPER },
  });
  const column = async (sql: string) => (await app.store.rows(sql)).map((r) => String(r.uid));
  await ingestFiles(app, { paths: [file], provider: "aws_cloudtrail", report: true, alone: true, out: quietOut() });
  const reference = {
    events: Number((await app.store.rows("SELECT count() AS n FROM events FINAL"))[0]!.n),
    findings: await column("SELECT uid FROM findings FINAL ORDER BY uid"),
    lines: (await app.store.rows(FINDING_LINES)).map((r) => JSON.stringify(r)),
    incidents: await column("SELECT uid FROM incidents FINAL ORDER BY uid"),
  };
  await app.close();
  return reference;
}
