import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { storeCommands } from "../../cli/commands/store_commands.ts";
import { addInventory } from "../../cli/inventory_store.ts";
import { explanationParts } from "../../schemas/explanation.ts";
import { ABROAD, at, call, keyOf, office } from "../scenarios/play.ts";
import { type Bench, openBench } from "./keys_store.ts";

const NOW = at(101, 1);
const trail = (user: string, more: object) => ({
  name: user,
  provider: "aws_cloudtrail",
  id: keyOf(user),
  owner: "team-a",
  ...more,
});
const inventory = (rotated: string) => ({
  keys: [
    trail("reporter", { access: "read", granted: ["s3:Get*", "s3:PutObject"], hours: { from: "07:00", to: "20:00" } }),
    trail("other", { rotation: { created_at: rotated, max_age: "90d" } }),
    trail("forgotten", {}),
    trail("trap", { honeytoken: true }),
  ],
});
let bench: Bench;

beforeAll(async () => {
  bench = await openBench(NOW);
  await declare(new Date(at(0)).toISOString());
  await bench.ingest([
    ...office(100),
    ...office(100, { user: "other" }),
    // A Monday morning: a stranger's machine tries things with the key, and one call in the night writes.
    ...Array.from({ length: 14 }, (_, i) =>
      call(at(98, 9, 31) + i * 20_000, `iam:List${"ABCDEFG"[i % 7]}`, {
        user: "other",
        from: ABROAD,
        error: "AccessDenied",
      }),
    ),
    call(at(98, 3), "s3:PutObject", { user: "other" }),
    call(at(98, 5), "s3:GetObject"),
  ]);
}, 120_000);
afterAll(() => bench.close());

async function declare(rotated: string): Promise<void> {
  await addInventory(
    bench.app.store,
    inventory(rotated),
    at(0) + Math.round(Date.parse(rotated) / 1e9),
    bench.app.parts.fingerprint,
  );
  await bench.app.reloadInventory();
}
const run = (command: string, args: object = {}) => bench.run(storeCommands[command]!, { ...args });
const json = (lines: string[]) => lines.map((l) => JSON.parse(l) as { [k: string]: unknown });
const findings = async (args: object = {}) =>
  json((await run("findings list", { json: true, limit: 200, ...args })).lines);

describe("detections explain", () => {
  test("every finding of the store is explained in words and as one structure", async () => {
    const all = await findings();
    expect(new Set(all.map((f) => f.detection)).size).toBeGreaterThan(5);
    for (const f of all) {
      const { lines } = await run("detections explain", { id: f.uid });
      const text = lines.join("\n");
      for (const label of [
        "Why",
        "Observed",
        "Expected",
        "Probability",
        "History",
        "Peers",
        "First seen",
        "Chart",
        "Quiet if",
        "Do now",
      ])
        expect(text, `${f.detection}: ${label}`).toMatch(new RegExp(`^ {2}${label} +\\S`, "m"));
      expect(text).not.toMatch(/undefined|NaN|null|\[object/);
      const [whole] = json((await run("detections explain", { id: f.uid, json: true })).lines) as [
        { anomaly: { explanation: { unapplied: object } } },
      ];
      for (const part of Object.keys(whole.anomaly.explanation.unapplied)) expect(explanationParts).toContain(part);
      expect((await run("findings show", { id: String(f.uid).slice(0, 8) })).lines.join("\n")).toContain(
        "What would have kept it quiet",
      );
    }
  }, 60_000);

  test("counts are drawn with the quarters of an hour before, and the band", async () => {
    const [spike] = await findings({ detection: "failure_spike" });
    const { lines } = await run("detections explain", { id: spike!.uid });
    expect(lines.join("\n")).toMatch(/each column 15 min, from 2026-\d\d-\d\d \d\d:\d\d UTC; the highest is \d+/);
    const [{ anomaly }] = json((await run("detections explain", { id: spike!.uid, json: true })).lines) as [
      {
        anomaly: {
          observed: number;
          explanation: { charts: { kind: string; points: [number, number][]; high: number }[] };
        };
      },
    ];
    const [chart] = anomaly.explanation.charts;
    expect([chart!.kind, chart!.points.length, chart!.high]).toEqual(["counts", 49, 0]);
    expect(chart!.points.at(-1)![1]).toBe(anomaly.observed);
    expect(chart!.points.slice(0, -1).reduce((sum, [, n]) => sum + n, 0)).toBe(0);
  });

  test("hours are drawn as a week with a mark, a place as a ladder", async () => {
    const [hours] = await findings({ detection: "off_hours" });
    expect((await run("detections explain", { id: hours!.uid })).lines.join("\n")).toMatch(
      /Mon {2}\S{24}\n.*\^.* here/s,
    );
    const [place] = await findings({ detection: "new_source" });
    expect((await run("detections explain", { id: place!.uid })).lines.join("\n")).toMatch(
      /! network +198\.51\.100\.0\/24 +usual: 203\.0\.113\.0\/24/,
    );
  });
});

describe("posture", () => {
  const open = async () =>
    (await findings())
      .filter((f) => f.resolved_at === null)
      .map((f) => `${f.key_name} ${f.detection} ${f.severity}`)
      .sort();

  test("one open finding a key, in lists and beside the key", async () => {
    expect(await open()).toEqual([
      "forgotten never_used_key low",
      "other rotation_overdue low",
      "reporter unused_permission low",
    ]);
    const keys = json((await run("keys list", { json: true })).lines);
    expect(Object.fromEntries(keys.map((k) => [k.name, k.posture]))).toEqual({
      ...{ reporter: ["unused_permission"], other: ["rotation_overdue"], forgotten: ["never_used_key"], trap: [] },
    });
    expect((await run("keys list")).lines.join("\n")).toMatch(/other .*rotation overdue/);
    expect((await run("keys show", { key: "other" })).lines.join("\n")).toMatch(
      /Posture +rotation_overdue: It was made 2026-02-02 and may be 90 d old/,
    );
  });

  test("again and again nothing new is written, and no incident comes of it", async () => {
    const rows = () => bench.app.store.rows("SELECT uid, version FROM findings ORDER BY uid, version");
    const before = await rows();
    await bench.app.reloadInventory();
    await bench.app.save();
    expect(await rows()).toEqual(before);
    const incidents = json((await run("incidents list", { all: true, json: true })).lines) as {
      detections: string[];
    }[];
    expect(incidents.flatMap((i) => i.detections)).not.toContain("rotation_overdue");
  });

  test("a condition that is true no more resolves itself", async () => {
    await declare("2026-05-01T00:00:00Z");
    await bench.app.save();
    expect(await open()).toEqual(["forgotten never_used_key low", "reporter unused_permission low"]);
    const [rotated] = await findings({ detection: "rotation_overdue" });
    expect(rotated).toMatchObject({ resolved_at: at(99), key_name: "other" });
    expect((await run("findings list", { detection: "rotation_overdue" })).lines.join("\n")).toContain("resolved");
  });
});

describe("before a key is revoked", () => {
  test("its users are told: program, place, how often, what", async () => {
    const { lines } = await run("keys revoke-preview", { key: "other" });
    const text = lines.join("\n");
    expect(text).toMatch(/Revoking it breaks 1 regular use and 1 other of the last 30 days\./);
    expect(text).toMatch(/Boto3 from Example Berlin Office, Germany/);
    expect(text).toMatch(/s3:GetObject, s3:ListObjects.*; 1 writing/);
    expect(text).toMatch(/14 of them failed/);
    const [preview] = json((await run("keys revoke-preview", { key: "other", json: true })).lines);
    expect(preview).toMatchObject({ kind: "revoke_preview", successor: null, span_days: 30 });
  });

  test("a key that nobody used breaks nothing", async () => {
    expect((await run("keys revoke-preview", { key: "forgotten" })).lines.join()).toMatch(
      /breaks nothing that was seen/,
    );
    expect((await run("keys revoke-preview", { key: "trap" })).lines.join()).toMatch(/it is a trap/);
  });
});

test("a draft leaves out the network that gave a finding, and says so", async () => {
  const text = (await run("keys draft", { days: 120 })).lines.join("\n");
  const keys = (parse(text) as { keys: { name: string; allowed_networks: string[] }[] }).keys;
  expect(keys.find((k) => k.name === "other")!.allowed_networks).toEqual(["203.0.113.0/24"]);
  expect(text).toMatch(/left out, they gave a finding and nobody confirmed them: 198\.51\.100\.0\/24/);
});
