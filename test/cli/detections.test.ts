import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { catalogue } from "../../detect/catalogue.ts";
import { fleetCatalogue } from "../../detect/fleet/fleet.ts";
import { ABROAD, at, call, office } from "../scenarios/play.ts";
import { keywatch, tempFolder, until } from "../support.ts";

const folder = tempFolder();
const data = join(folder, "data");
const config = join(folder, "keywatch.yaml");
const rules = join(folder, "rules");
mkdirSync(rules);
const rule = (id: string, operation: string, more = "") =>
  writeFileSync(
    join(rules, `${id}.yaml`),
    `title: A bucket goes\nid: ${id}\nlevel: high\ndetection: { delete: { service: s3, ${operation}: DeleteBucket } }\n${more}`,
  );
const settings = (more: object = {}) =>
  writeFileSync(
    config,
    JSON.stringify({
      store: { path: data },
      http: { listen: `127.0.0.1:${22_000 + (process.pid % 20_000)}` },
      ...more,
    }),
  );
const ask = (...args: string[]) => keywatch(["--config", config, ...args]);

test("rules of your own are checked with every fault, listed, tested and heard", async () => {
  settings({
    detect: { rules: "rules", detections: { off_hours: { enabled: false }, new_source: { severity: "high" } } },
  });
  rule("bucket_deleted", "operatoin");
  const wrong = await ask("check");
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/bucket_deleted\.yaml: detection\.delete\.operatoin: there is no field "operatoin"/),
  ]);

  rule(
    "bucket_deleted",
    "operation",
    'cases: [{ name: one call, when: [{ call: { operation: "s3:DeleteBucket" } }], then: { says: { bucket_deleted: medium } } }]\n',
  );
  expect((await ask("check")).stdout).toMatch(/rules {6}.*: 1 of yours/);
  const list = (await ask("detections", "list", "--json")).stdout
    .trim()
    .split("\n")
    .map((l) => JSON.parse(l) as { id: string });
  expect(list).toHaveLength(catalogue.length + fleetCatalogue.length + 1);
  expect(list).toContainEqual(
    expect.objectContaining({ id: "bucket_deleted", kind: "rule", severity: "high", enabled: true }),
  );
  expect(list).toContainEqual(expect.objectContaining({ id: "off_hours", enabled: false }));
  expect(list).toContainEqual(
    expect.objectContaining({ id: "new_source", severity: "high", default_severity: "medium" }),
  );

  const failed = await ask("detections", "test", rules);
  expect([failed.code, failed.stdout]).toEqual([
    1,
    expect.stringMatching(
      /after 60 min: bucket_deleted says high, and should say medium\n1 cases of 1 detections: 1 are not met/,
    ),
  ]);
  rule(
    "bucket_deleted",
    "operation",
    'cases: [{ name: one call, when: [{ call: { operation: "s3:DeleteBucket" } }], then: { says: { bucket_deleted: high } } }]\n',
  );
  const fine = await ask("detections", "test");
  expect([fine.code, fine.stdout]).toEqual([0, expect.stringMatching(/all are met/)]);

  const file = join(folder, "a.ndjson");
  writeFileSync(
    file,
    [call(at(0, 9), "s3:GetObject"), call(at(0, 10), "s3:DeleteBucket")].map((r) => JSON.stringify(r)).join("\n"),
  );
  const scanned = await ask("scan", file, "--format", "ndjson");
  expect(scanned.stdout).toMatch(/"detection":"bucket_deleted"/);
}, 120_000);

test("a wrong case is told with its path", async () => {
  settings();
  const file = join(folder, "case.yaml");
  writeFileSync(
    file,
    "detection: new_source\ncases: [{ name: x, given: [14 days of holidays], when: [{ call: { operatoin: x } }], then: { after: soon } }]\n",
  );
  const ran = await ask("detections", "test", file);
  expect(ran.code).toBe(2);
  for (const sentence of [
    /"14 days of holidays" is no history; write it like "14 days of office"/,
    /there is no field "operatoin"/,
    /"soon" is no duration/,
  ])
    expect(ran.stderr).toMatch(sentence);
}, 60_000);

test("backtest and explain go through the socket of a running serve", async () => {
  const home = join(folder, "served");
  const file = join(folder, "b.ndjson");
  writeFileSync(
    file,
    [
      ...office(44),
      ...["iam:ListUsers", "iam:CreateAccessKey"].map((o, i) => call(at(42, 10, 31 + i), o, { from: ABROAD })),
    ]
      .map((r) => JSON.stringify(r))
      .join("\n"),
  );
  settings({ store: { path: home } });
  expect((await ask("ingest", file)).code).toBe(0);
  let said = "";
  const serving = keywatch(["--config", config, "serve"], {
    onOutput: (text) => {
      said = text;
    },
  });
  try {
    await until("the address", () => said.includes("is at http"));
    const span = ["--from", new Date(at(40)).toISOString(), "--to", new Date(at(44)).toISOString()];
    const first = await ask("backtest", ...span);
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/Nobody was told\.[\s\S]*console \(console\)[\s\S]*opened/),
    ]);
    expect((await ask("backtest", ...span)).stdout).toBe(first.stdout);
    const found = (await ask("findings", "list", "--detection", "new_operation", "--json")).stdout.split("\n")[0]!;
    const { uid } = JSON.parse(found) as { uid: string };
    const told = await ask("detections", "explain", uid.slice(0, 8));
    expect([told.code, told.stdout]).toEqual([0, expect.stringMatching(/Peers[\s\S]*First seen[\s\S]*Quiet if/)]);
  } finally {
    serving.child.kill("SIGTERM");
    await serving;
  }
}, 120_000);
