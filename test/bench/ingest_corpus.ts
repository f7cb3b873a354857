import { type App, openApp } from "../../cli/app.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { createLog } from "../../cli/log.ts";
import { config } from "../../schemas/config.ts";

/** openBench opens an embedded store in a folder, as `keywatch ingest` does. */
export const openBench = (path: string): Promise<App> =>
  openApp({ loaded: { config: config.parse({ store: { path } }), base: path, file: null }, log: createLog() });

/** ingestCorpus reads files through the whole pipeline and gives the number of stored events. */
export async function ingestCorpus(app: App, paths: readonly string[]): Promise<number> {
  const silent = () => undefined;
  const note = (s: string) => process.stderr.write(`${s}\n`);
  const out = { line: silent, note, progress: silent, color: false, width: 100 };
  return (await ingestFiles(app, { paths, provider: "auto", report: true, alone: true, out })).stored;
}
