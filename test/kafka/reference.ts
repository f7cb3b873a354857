import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApp } from "../../cli/app.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { createLog } from "../../cli/log.ts";
import type { ConfigText } from "../../schemas/config.ts";
import type { Store } from "../../schemas/store/store.ts";
import { loadedFor, quietOut } from "../support.ts";
import { PEPPER } from "./cluster.ts";
import type { Told } from "./story.ts";

const FINDINGS = "SELECT uid, detection, dimension, bucket, severity, subject_uid, event_count FROM findings FINAL";

/**
 * findingLines gives of all findings what is the same however the events came. Of a flood that is how many it has: which 32 are told one by
 * one depends on the order of arrival (docs/detections.md), and the attack of the story makes 34.
 */
export async function findingLines(store: Pick<Store, "rows">): Promise<string[]> {
  const rows = await store.rows(FINDINGS);
  const kindOf = (r: (typeof rows)[number]): string => JSON.stringify([r.detection, r.subject_uid, r.bucket]);
  const floods = new Set(rows.filter((r) => r.dimension === "and more").map(kindOf));
  return rows.map((r) => (floods.has(kindOf(r)) ? `flood ${kindOf(r)}` : JSON.stringify(r))).sort();
}

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
    lines: await findingLines(app.store),
    incidents: await column("SELECT uid FROM incidents FINAL ORDER BY uid"),
  };
  await app.close();
  return reference;
}
