import type { Finding } from "../../schemas/finding.ts";
import { findingList, findingsLike } from "../../schemas/queries/findings.ts";
import { type Severity, severities } from "../../schemas/severity.ts";
import { findingLine } from "../../schemas/wire.ts";
import type { App } from "../app.ts";
import { headOf } from "../detections/explain_text.ts";
import { CommandFault } from "../out.ts";
import { inert, printTable, shortTime } from "../table.ts";
import { flag, numberOr, type StoreCommand, text } from "./command.ts";

export const findingsList: StoreCommand = async ({ app, args, out }) => {
  const from = severities.indexOf((text(args.minSeverity) ?? "informational") as Severity);
  const rows = await app.store.ask(findingList, {
    severities: severities.slice(Math.max(0, from)),
    detection: text(args.detection) ?? "",
    key: text(args.key) ?? "",
    limit: numberOr(args.limit, 50),
  });
  const findings = rows.map((r) => JSON.parse(r.document) as Finding);
  if (flag(args.json)) {
    for (const f of findings) out.line(JSON.stringify(findingLine(f)));
    return 0;
  }
  if (findings.length === 0) {
    out.line("No findings.");
    return 0;
  }
  printTable(
    out,
    ["ID", "SEVERITY", "DETECTION", "KEY", "LAST SEEN (UTC)", "EVENTS", "WHY"],
    findings.map((f) => [
      f.uid.slice(0, 8),
      f.resolved_at == null ? f.severity : "resolved",
      f.detection,
      (f.key_name ?? f.key_hint ?? f.principal ?? "-").slice(0, 24),
      shortTime(f.last_seen),
      f.event_count,
      (f.reasons[0] ?? "").slice(0, Math.max(30, out.width - 90)),
    ]),
  );
  return 0;
};

/** findFinding finds one finding by its uid or the beginning of it. Throws a sentence where there is none, or where it fits several. */
export async function findFinding(app: App, id: string): Promise<Finding> {
  const rows = await app.store.ask(findingsLike, { prefix: id });
  if (rows.length === 1) return JSON.parse(rows[0]!.document) as Finding;
  throw new CommandFault(
    rows.length === 0
      ? `There is no finding ${inert(id.slice(0, 80))}. \`keywatch findings list\` shows what there is.`
      : `${inert(id)} fits several findings; give more of the uid.`,
  );
}

export const findingsShow: StoreCommand = async ({ app, args, out }) => {
  const f = await findFinding(app, String(args.id));
  if (flag(args.json)) {
    out.line(JSON.stringify(findingLine(f)));
    return 0;
  }
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length === 0) return;
    out.line(`\n  ${title}`);
    for (const line of lines) out.line(`    ${inert(line)}`);
  };
  out.line(`${f.severity.toUpperCase()}  ${inert(f.title)}`);
  out.line(`  ${inert(headOf(f))}`);
  section("Why", f.reasons);
  section("Arithmetic", [
    `${f.anomaly.parameter}: observed ${f.anomaly.observed}, expected ${f.anomaly.expected ?? "no fixed value"}`,
    ...(f.anomaly.p === null ? [] : [`probability ${f.anomaly.p.toPrecision(3)} under its own past`]),
    `history: ${f.anomaly.history.days} days, ${f.anomaly.history.events} events`,
    ...Object.entries(f.anomaly.facts).flatMap(([k, v]) => (v === null ? [] : [`${k}: ${v}`])),
  ]);
  section("What would have kept it quiet", f.quiet_if);
  section("Do now", f.runbook);
  section(`Events (${f.event_count})`, f.event_uids.slice(0, 10));
  out.line(`\n  keywatch detections explain ${f.uid.slice(0, 8)}   shows it beside its past`);
  return 0;
};
