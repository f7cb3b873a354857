import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { type RuleCase, ruleCase } from "../../detect/cases/case.ts";
import { catalogue } from "../../detect/catalogue.ts";
import type { Baseline, Policy } from "../../detect/detection.ts";
import { fleetCatalogue } from "../../detect/fleet/fleet.ts";
import { ruleDetection } from "../../detect/sigma/detect.ts";
import { ConfigFault, faultsOf } from "../../schemas/faults.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { readYaml } from "../load_config.ts";
import { CommandFault } from "../out.ts";
import { loadRules, parseRule } from "../rules.ts";

/** CaseSet is the cases of one file, about one detection. */
export interface CaseSet {
  file: string;
  detection: string;
  cases: RuleCase[];
  /** The detections they run on: all that ship, and the rule that they are about. */
  detections: (Policy | Baseline)[];
}

export const BUILT_IN_CASES = join(packageRoot, "detect", "cases", "built_in");

/** caseSets reads the named files and folders; without any, the built-in cases and those of the operator's rules. */
export function caseSets(paths: readonly string[], rulesFolder: string | null): CaseSet[] {
  const rules = rulesFolder === null ? [] : loadRules(rulesFolder).map((loaded) => ruleDetection(loaded.rule));
  const wanted = paths.length > 0 ? paths : [BUILT_IN_CASES, ...(rulesFolder === null ? [] : [rulesFolder])];
  const files = wanted.flatMap(yamlFiles);
  const faults: string[] = [];
  const sets: CaseSet[] = [];
  for (const file of files) {
    try {
      sets.push(readSet(file, rules));
    } catch (error) {
      if (!(error instanceof ConfigFault)) throw error;
      faults.push(...error.faults.map((fault) => `${basename(file)}: ${fault}`));
    }
  }
  if (faults.length > 0) throw new ConfigFault(paths.length === 1 ? paths[0]! : "cases", faults);
  return sets.filter((set) => set.cases.length > 0);
}

function yamlFiles(path: string): string[] {
  if (!existsSync(path)) throw new CommandFault(`There is no ${path}.`, 2);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

const about = z.looseObject({ detection: z.unknown(), cases: z.array(z.unknown()).default([]) });

/** A file of cases names its detection; a rule is its own, and may carry cases. */
function readSet(file: string, rules: readonly Baseline[]): CaseSet {
  const document = readYaml(file);
  const parsed = about.safeParse(document ?? {});
  if (!parsed.success) throw new ConfigFault(file, faultsOf(parsed.error));
  const { detection, cases: raw } = parsed.data;
  const cases = readCases(raw, file);
  if (typeof detection !== "string") {
    const rule = ruleDetection(parseRule(document, file));
    return { file, detection: rule.id, cases, detections: [...catalogue, rule] };
  }
  const known = [...catalogue, ...rules];
  if (![...known, ...fleetCatalogue].some((d) => d.id === detection))
    throw new ConfigFault(file, [
      `detection: there is no detection "${detection}"; \`keywatch detections list\` shows what there is`,
    ]);
  return { file, detection, cases, detections: known };
}

function readCases(raw: readonly unknown[], file: string): RuleCase[] {
  const parsed = z.strictObject({ cases: z.array(ruleCase) }).safeParse({ cases: raw });
  if (parsed.success) return parsed.data.cases;
  throw new ConfigFault(file, [
    ...new Set(
      faultsOf(parsed.error, ["name", "declared", "inventory", "given", "when", "then", "after", "says", "quiet"]),
    ),
  ]);
}
