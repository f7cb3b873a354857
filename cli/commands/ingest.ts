import { incidentLabel } from "../../schemas/incident.ts";
import { severities } from "../../schemas/severity.ts";
import { ingestFiles } from "../ingest_job.ts";
import { count, plural } from "../out.ts";
import { inert } from "../table.ts";
import { flag, type StoreCommand, text, texts } from "./command.ts";

/** ingest stores files and says what was found: for history that is what you would have seen. */
export const ingest: StoreCommand = async ({ app, args, out, stdin }) => {
  const started = performance.now();
  const result = await ingestFiles(app, {
    paths: texts(args.paths),
    provider: text(args.provider) ?? "auto",
    report: false,
    alone: flag(args.alone),
    again: flag(args.again),
    out,
    ...(stdin ? { stdin } : {}),
  });
  const seconds = (performance.now() - started) / 1000;
  if (flag(args.json)) {
    out.line(JSON.stringify({ ...result, seconds: Math.round(seconds * 1000) / 1000 }));
    return 0;
  }
  out.line(
    `Read ${count(result.records)} records in ${seconds.toFixed(1)} s: ${count(result.stored)} new events, ${count(result.duplicates)} known already, ${count(result.dropped)} without a call, ${count(result.deadLetters)} dead letters.`,
  );
  if (result.knownFiles > 0)
    out.line(
      result.knownFiles === 1
        ? "1 file was read before; --again reads it anew."
        : `${count(result.knownFiles)} files were read before; --again reads them anew.`,
    );
  if (result.closedLetters > 0) out.line(`${count(result.closedLetters)} dead letters could be read now.`);
  if (result.deadLetters > 0) out.line("`keywatch dead-letters list` shows what could not be read and why.");
  if (result.stored > 0 || result.findings > 0) await report(app, result.findings, out);
  return 0;
};

async function report(
  app: Parameters<StoreCommand>[0]["app"],
  findings: number,
  out: Parameters<StoreCommand>[0]["out"],
): Promise<void> {
  if (findings === 0) {
    out.line("Nothing odd was found in the new events.");
    return;
  }
  const incidents = await app.alerter.list({ limit: 1000 });
  const bySeverity = [...severities]
    .reverse()
    .map((s) => [s, incidents.filter((i) => i.severity === s).length] as const)
    .filter(([, n]) => n > 0);
  out.line(
    `${plural(findings, "finding")}. Incidents in the store: ${bySeverity.map(([s, n]) => `${n} ${s}`).join(", ") || "none"}.`,
  );
  for (const i of incidents.slice(0, 5))
    out.line(`  ${incidentLabel(i.uid)}  ${i.severity.padEnd(8)}  ${inert(i.title)}`);
  if (incidents.length > 0)
    out.line("`keywatch incidents list` shows all, `keywatch incidents show <id>` explains one.");
}
