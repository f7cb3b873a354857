import { type CaseResult, runCase } from "../../detect/cases/run.ts";
import { catalogue } from "../../detect/catalogue.ts";
import type { Baseline, Policy } from "../../detect/detection.ts";
import { fleetCatalogue } from "../../detect/fleet/fleet.ts";
import type { FleetDetection } from "../../detect/fleet/fleet_detection.ts";
import { caseSets } from "../detections/case_files.ts";
import type { Loaded } from "../load_config.ts";
import { count, type Out } from "../out.ts";
import { ruleDetections } from "../rules.ts";
import { inert, printTable } from "../table.ts";

/** detectionsList shows every detection, those of the operator's rules too, with what it needs and what the config makes of it. */
export function detectionsList(loaded: Loaded, options: { json: boolean }, out: Out): number {
  const { detections: overrides, rules } = loaded.config.detect;
  const all: (Policy | Baseline | FleetDetection)[] = [...catalogue, ...fleetCatalogue, ...ruleDetections(rules)];
  const lines = all.map((d) => {
    const override = overrides[d.id];
    return {
      id: d.id,
      kind: kindOf(d),
      title: d.title,
      needs: d.needs,
      default_severity: d.level,
      severity: override?.severity ?? d.level,
      weight: override?.weight ?? d.weight,
      enabled: override?.enabled !== false,
      while_learning: d.kind !== "baseline" || d.whileLearning,
      attacks: d.tags,
    };
  });
  if (options.json) {
    for (const line of lines) out.line(JSON.stringify(line));
    return 0;
  }
  printTable(
    out,
    ["ID", "KIND", "NEEDS", "SEVERITY", "WEIGHT", "WHILE LEARNING", "STATE"],
    lines.map((l) => [
      l.id,
      l.kind,
      l.needs.join(", "),
      l.severity === l.default_severity ? l.severity : `${l.severity} (default ${l.default_severity})`,
      l.weight,
      l.while_learning ? "yes" : "no",
      l.enabled ? "on" : "off by config",
    ]),
  );
  const unknown = Object.keys(overrides).filter((id) => !all.some((d) => d.id === id));
  if (unknown.length > 0) out.note(`The config speaks of detections that do not exist: ${unknown.join(", ")}.`);
  return 0;
}

const kindOf = (d: Policy | Baseline | FleetDetection): string => {
  if (d.kind === "policy") return d.posture ? "posture" : "policy";
  return d.kind === "baseline" && d.rule ? "rule" : d.kind;
};

/** detectionsTest plays cases on a clock of their own. Exit code 1 where one is not met. */
export function detectionsTest(loaded: Loaded, options: { paths: string[]; json: boolean }, out: Out): number {
  const { rules, learning } = loaded.config.detect;
  const sets = caseSets(options.paths, rules);
  let ran = 0;
  let failed = 0;
  for (const set of sets) {
    out.progress(`Playing the cases of ${set.detection}`);
    for (const c of set.cases) {
      const result = runCase(set.detection, c, { detections: set.detections, learning });
      ran++;
      if (result.faults.length > 0) failed++;
      tell(set.detection, result, options.json, out);
    }
  }
  out.progress(null);
  if (!options.json)
    out.line(
      `${count(ran)} cases of ${count(sets.length)} detections: ${failed === 0 ? "all are met" : `${count(failed)} are not met`}.`,
    );
  return failed === 0 ? 0 : 1;
}

function tell(detection: string, { name, faults, findings }: CaseResult, json: boolean, out: Out): void {
  if (json) {
    const said = findings.map(({ detection: id, severity, reasons }) => ({ detection: id, severity, reasons }));
    out.line(JSON.stringify({ detection, case: name, met: faults.length === 0, faults, findings: said }));
    return;
  }
  if (faults.length === 0) return;
  out.line(`${detection}: ${inert(name)}`);
  for (const fault of faults) out.line(`  ${inert(fault)}`);
}
