import { describe, expect, test } from "vitest";
import { BUILT_IN_CASES, caseSets } from "../../cli/detections/case_files.ts";
import { runCase } from "../../detect/cases/run.ts";
import { catalogue } from "../../detect/catalogue.ts";
import { fleetCatalogue } from "../../detect/fleet/fleet.ts";
import { config } from "../../schemas/config.ts";
import { explanation, explanationParts } from "../../schemas/explanation.ts";
import { finding } from "../../schemas/finding.ts";
import { ocsfFinding } from "../../schemas/ocsf/finding.ts";

const { learning } = config.parse({}).detect;
const sets = caseSets([BUILT_IN_CASES], null);
const run = (detection: string) => {
  const set = sets.find((s) => s.detection === detection);
  if (!set) throw new Error(`detect/cases/built_in has no cases of ${detection}`);
  return set.cases.map((c) => ({ c, result: runCase(detection, c, { detections: set.detections, learning }) }));
};

describe.each([...catalogue, ...fleetCatalogue].map((d) => d.id))("%s", (id) => {
  test("says what its cases expect, at least one loud and one quiet", () => {
    const played = run(id);
    expect(played.flatMap(({ result }) => result.faults.map((f) => `${result.name}: ${f}`))).toEqual([]);
    expect(played.some(({ c }) => c.then.some((t) => id in t.says))).toBe(true);
    expect(played.some(({ c }) => c.then.every((t) => !(id in t.says)))).toBe(true);
  });

  test("explains each finding: every part is there, or says why it is not", () => {
    const findings = run(id).flatMap(({ result }) => result.findings.filter((f) => f.detection === id));
    expect(findings.length).toBeGreaterThan(0);
    for (const f of findings) {
      finding.parse(f);
      const { anomaly } = f;
      const said = explanation.parse(anomaly.explanation);
      const there: Record<(typeof explanationParts)[number], boolean> = {
        expected: anomaly.expected !== null,
        probability: anomaly.p !== null,
        history: anomaly.history.events > 0,
        peers: said.peers !== null,
        first_seen: said.first_seen.length > 0,
        quiet_if: f.quiet_if.length > 0,
        chart: said.charts.length > 0,
      };
      for (const part of explanationParts) {
        const why = said.unapplied[part];
        if (!there[part]) expect(why, `${id}: ${part}`).toMatch(/^[A-Z].{15,}\.$/);
        // Zero events of history may still be told as such.
        else if (part !== "history") expect(why, `${id}: ${part} is there, and says that it is not`).toBeUndefined();
      }
      expect(JSON.stringify(said)).not.toMatch(/NaN|Infinity|undefined/);
      const ocsf = ocsfFinding(f) as {
        anomaly_analyses: { anomalies: object[]; baselines: object[] }[];
        unmapped: { explanation?: unknown };
      };
      expect(ocsf.anomaly_analyses[0]!.anomalies.length).toBe(1 + said.first_seen.length);
      expect(ocsf.anomaly_analyses[0]!.baselines.length).toBeGreaterThanOrEqual(1 + said.charts.length);
      expect(JSON.parse(JSON.stringify(ocsf.unmapped)).explanation.first_seen).toEqual(said.first_seen);
    }
  });
});
