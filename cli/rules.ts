import { existsSync, readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { catalogue } from "../detect/catalogue.ts";
import type { Baseline } from "../detect/detection.ts";
import { fleetCatalogue } from "../detect/fleet/fleet.ts";
import { ruleDetection } from "../detect/sigma/detect.ts";
import { type Rule, rule } from "../detect/sigma/rule.ts";
import { ConfigFault, faultsOf } from "../schemas/faults.ts";
import { readYaml } from "./load_config.ts";

export interface LoadedRule {
  file: string;
  rule: Rule;
}

const WORDS = [
  ...["title", "id", "description", "version", "status", "author", "level", "weight", "tags", "falsepositives"],
  ...[
    "runbook",
    "detection",
    "correlation",
    "cases",
    "condition",
    "type",
    "group-by",
    "timespan",
    "gte",
    "field",
    "rules",
  ],
];

/** loadRules reads the operator's rules, one a file, in order of names. Throws ConfigFault with every fault of every file. */
export function loadRules(folder: string): LoadedRule[] {
  if (!existsSync(folder)) throw new ConfigFault(folder, ["detect.rules names a folder that does not exist"]);
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
  const rules: LoadedRule[] = [];
  const faults: string[] = [];
  for (const name of files) {
    const file = join(folder, name);
    try {
      rules.push({ file, rule: parseRule(readYaml(file), file) });
    } catch (error) {
      if (!(error instanceof ConfigFault)) throw error;
      faults.push(...error.faults.map((fault) => `${name}: ${fault}`));
    }
  }
  if (faults.length > 0) throw new ConfigFault(folder, faults);
  return rules;
}

/** parseRule reads one rule. Its id is the name of its file, so that no two can be the same. */
export function parseRule(document: unknown, file: string): Rule {
  const parsed = rule.safeParse(document ?? {});
  if (!parsed.success) throw new ConfigFault(file, [...new Set(faultsOf(parsed.error, WORDS))]);
  const { id } = parsed.data;
  const faults: string[] = [];
  if (id !== basename(file, extname(file))) faults.push(`id: "${id}" is not the name of the file`);
  if ([...catalogue, ...fleetCatalogue].some((d) => d.id === id))
    faults.push(`id: "${id}" is the name of a detection that ships`);
  if (faults.length > 0) throw new ConfigFault(file, faults);
  return parsed.data;
}

/** ruleDetections are the rules of a config as detections; none where it names no folder. */
export const ruleDetections = (folder: string | null): Baseline[] =>
  folder === null ? [] : loadRules(folder).map((loaded) => ruleDetection(loaded.rule));
