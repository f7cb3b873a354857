import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { caseSets } from "../../cli/detections/case_files.ts";
import { loadRules, ruleDetections } from "../../cli/rules.ts";
import { runCase } from "../../detect/cases/run.ts";
import type { DetectEvent } from "../../detect/detection.ts";
import { createEngine } from "../../detect/engine.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import { conditionTest } from "../../detect/sigma/condition.ts";
import { MAX_ENTRIES, MAX_GROUPS } from "../../detect/sigma/state.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { ConfigFault } from "../../schemas/faults.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { byTime, event, MONDAY, streamed } from "./make.ts";

const RULES = join(packageRoot, "test", "detect", "rules");
const { learning } = config.parse({}).detect;
const folder = mkdtempSync(join(tmpdir(), "keywatch-rules-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const engineWith = (rules = ruleDetections(RULES)) =>
  createEngine({
    detections: rules,
    inventory: createInventoryIndex([], (p, id) => `${p}:${id}`),
    latenessOf: () => 15 * MINUTE_MS,
    learning,
    overrides: {},
    isOwn: () => false,
  });
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return folder;
};
/** random of a seed; the same in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("rules of the operator", () => {
  const sets = caseSets([RULES], null);
  test.each(sets.flatMap((s) => s.cases.map((c) => [s.detection, c.name, s, c] as const)))(
    "%s: %s",
    (id, _name, set, c) => {
      const { faults, findings } = runCase(id, c, { detections: set.detections, learning });
      expect(faults).toEqual([]);
      for (const f of findings.filter((one) => one.detection === id))
        expect([f.kind, f.learning]).toEqual(["sigma", false]);
    },
  );

  const deletions = (random: () => number): DetectEvent[] =>
    byTime(
      Array.from({ length: 400 }, (_, i) =>
        event({
          time: MONDAY + Math.floor(random() * 3 * DAY_MS),
          operation:
            random() < 0.3
              ? "GetObject"
              : random() < 0.5
                ? "CreateAccessKey"
                : random() < 0.5
                  ? "StopLogging"
                  : "DeleteBucket",
          service: i % 3 === 0 ? "cloudtrail" : "s3",
          resources: [`bucket-${Math.floor(random() * 40)}`],
          key_uid: `aws_cloudtrail:k${Math.floor(random() * 2)}`,
        }),
      ),
    );

  test.each([1, 2, 3, 4, 5])("seed %i: batches, disorder within lateness and restarts change no finding", (seed) => {
    const random = randomOf(seed);
    const events = deletions(random);
    const told = (findings: { uid: string; event_uids: string[]; event_count: number; reasons: string[] }[]) =>
      findings.map((f) => [f.uid, f.event_uids, f.event_count, f.reasons]).sort();
    const wanted = told(streamed(engineWith(), events, events.length));
    expect(wanted.length).toBeGreaterThan(2);
    const late = events
      .map((e) => ({ e, at: e.time + random() * 14 * MINUTE_MS }))
      .sort((a, b) => a.at - b.at)
      .map(({ e }) => e);
    for (const batch of [1, 7, 100])
      expect(told(streamed(engineWith(), late, batch)), `batches of ${batch}`).toEqual(wanted);
    // Restarted in the middle, it goes on with what the store kept.
    const found = new Map<string, ReturnType<ReturnType<typeof engineWith>["process"]>[number]>();
    let engine = engineWith();
    for (let i = 0; i < events.length; i += 90) {
      for (const f of engine.process(events.slice(i, i + 90), { sorted: true, now: Number.MAX_SAFE_INTEGER }))
        found.set(f.uid, f);
      const rows = engine.takeDirty();
      const next = engineWith();
      next.load(rows);
      engine = i % 180 === 0 ? next : engine;
      if (engine === next)
        for (const uid of ["aws_cloudtrail:k0", "aws_cloudtrail:k1"]) expect(next.profile(uid)).not.toBeNull();
    }
    for (const f of engine.finish()) found.set(f.uid, f);
    expect(told([...found.values()])).toEqual(wanted);
  });

  test("memory is bounded, whatever comes", () => {
    write(
      "busy_rule.yaml",
      "title: busy\nid: busy_rule\nlevel: low\ndetection: { any: { service: s3 } }\ncorrelation: { type: event_count, group-by: [src_ip], timespan: 24h, condition: { gte: 1000 } }\n",
    );
    const engine = engineWith(ruleDetections(folder));
    const events = Array.from({ length: 20_000 }, (_, i) =>
      event({ time: MONDAY + i * 1000, src_ip: i % 2 === 0 ? "203.0.113.9" : `192.0.2.${i % 250}` }),
    );
    engine.process(events, { sorted: true, now: Number.MAX_SAFE_INTEGER });
    const { rules } = engine.profile(events[0]!.subject_uid)!;
    expect(rules!.size).toBeLessThanOrEqual(MAX_GROUPS);
    expect(Math.max(...[...rules!.values()].map((s) => s.entries.length))).toBeLessThanOrEqual(MAX_ENTRIES);
    rmSync(join(folder, "busy_rule.yaml"));
  });

  test("a plain rule tells each matching day once", () => {
    write(
      "root_login.yaml",
      "title: root\nid: root_login\nlevel: medium\ndetection: { root: { principal: root, 'src_ip|cidr': 198.51.100.0/24 } }\n",
    );
    const found = streamed(
      engineWith(ruleDetections(folder)),
      [0, 1, 30].map((h) => event({ time: MONDAY + h * 3_600_000, principal: "Root", src_ip: "198.51.100.7" })),
      1,
    );
    expect(found.map((f) => [f.detection, f.severity, f.event_count])).toEqual([
      ["root_login", "medium", 2],
      ["root_login", "medium", 1],
    ]);
    rmSync(join(folder, "root_login.yaml"));
  });
});

describe("wrong rules", () => {
  const faultsOf = (text: string, name = "wrong_rule.yaml"): string[] => {
    write(name, text);
    try {
      loadRules(folder);
      return [];
    } catch (error) {
      if (error instanceof ConfigFault) return error.faults;
      throw error;
    } finally {
      rmSync(join(folder, name));
    }
  };
  const head = "title: t\nid: wrong_rule\nlevel: high\n";

  test.each([
    [
      "a misspelt field",
      `${head}detection: { a: { operatoin: x } }`,
      /wrong_rule.yaml: detection\.a\.operatoin: there is no field "operatoin"/,
    ],
    [
      "a misspelt modifier",
      `${head}detection: { a: { 'operation|beginswith': x } }`,
      /there is no modifier "beginswith"/,
    ],
    [
      "a condition over nothing",
      `${head}detection: { a: { operation: x }, condition: a and b }`,
      /detection\.condition: there is no selection "b"; there are a/,
    ],
    [
      "a condition that breaks off",
      `${head}detection: { a: { operation: x }, condition: a and }`,
      /the condition ends where/,
    ],
    ["a wrong expression", `${head}detection: { a: { 'operation|re': '(' } }`, /Invalid regular expression/],
    ["no network", `${head}detection: { a: { 'src_ip|cidr': here } }`, /"here" is no network/],
    ["an unknown level", `${head.replace("high", "huge")}detection: { a: { operation: x } }`, /level: Invalid option/],
    [
      "an unknown key",
      `${head}levl: high\ndetection: { a: { operation: x } }`,
      /unknown key "levl", did you mean "level"/,
    ],
    [
      "a sequence of nothing",
      `${head}detection: { a: { operation: x } }\ncorrelation: { type: temporal_ordered, rules: [a, c], timespan: 1h }`,
      /there is no selection "c"/,
    ],
    [
      "too long a span",
      `${head}detection: { a: { operation: x } }\ncorrelation: { type: event_count, timespan: 30d, condition: { gte: 3 } }`,
      /correlation\.timespan: a timespan lies between 1m and 24h/,
    ],
    ["no selection at all", `${head}detection: {}`, /name at least one selection/],
    ["an empty selection", `${head}detection: { a: {} }`, /would mean every event/],
    [
      "another name than the file",
      `${head.replace("wrong_rule", "right_rule")}detection: { a: { operation: x } }`,
      /is not the name of the file/,
    ],
  ])("%s", (_, text, sentence) => {
    expect(faultsOf(text).join("\n")).toMatch(sentence);
  });

  test("the name of a detection that ships is taken", () => {
    expect(
      faultsOf(
        `${head.replace("wrong_rule", "new_source")}detection: { a: { operation: x } }`,
        "new_source.yaml",
      ).join(),
    ).toMatch(/is the name of a detection that ships/);
  });

  test("conditions bind as people read them", () => {
    const is = (text: string, yes: string[]) =>
      conditionTest(text, new Map(["a", "b", "c"].map((n) => [n, () => yes.includes(n)])))(event({ time: 0 }));
    expect([
      is("a or b and c", ["a"]),
      is("(a or b) and c", ["a"]),
      is("not a and b", ["b"]),
      is("not (a or b)", ["c"]),
    ]).toEqual([true, false, true, true]);
  });
});
