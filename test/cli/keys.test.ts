import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { keysCommands } from "../../cli/commands/keys.ts";
import { demoCompromises } from "../../cli/demo/compromises.ts";
import { agentNamed, demoFleet } from "../../cli/demo/fleet.ts";
import { generateHistory } from "../../cli/demo/history.ts";
import { demoInventory } from "../../cli/demo/inventory.ts";
import { readInventory } from "../../cli/inventory_store.ts";
import { CommandFault } from "../../cli/out.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { ConfigFault } from "../../schemas/faults.ts";
import { inventory } from "../../schemas/inventory.ts";
import { type Bench, openBench } from "./keys_store.ts";

const END = Date.parse("2026-11-15T11:23:45Z");
const SEED = 42;
const fleet = demoFleet(SEED, END);
const keyIdOf = (name: string): string => {
  const { credential } = agentNamed(fleet, name);
  return credential.kind === "user" ? credential.keyId : "";
};

const plainCall = (account: string, i: number) => ({
  eventVersion: "1.09",
  eventTime: new Date(END - DAY_MS - i * 60_000).toISOString(),
  eventSource: "s3.amazonaws.com",
  eventName: "ListBuckets",
  awsRegion: "eu-central-1",
  sourceIPAddress: "203.0.113.9",
  userAgent: "aws-cli",
  eventID: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
  readOnly: true,
  eventType: "AwsApiCall",
  recipientAccountId: account,
});

let bench: Bench;
const file = (name: string, body: unknown): string => {
  const path = join(bench.directory, name);
  writeFileSync(path, typeof body === "string" ? body : JSON.stringify(body));
  return path;
};
const json = (lines: string[]) => lines.map((l) => JSON.parse(l) as Record<string, unknown>);
const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

beforeAll(async () => {
  bench = await openBench(END);
}, 60_000);
afterAll(() => bench.close());

describe("an empty store", () => {
  test("says what to do next, and a draft of it still parses", async () => {
    expect((await bench.run(keysCommands.list)).lines.join()).toMatch(/No events yet/);
    expect(inventory.parse(parse((await bench.run(keysCommands.draft)).lines.join("\n"))).keys).toEqual([]);
    expect(await faultOf(bench.run(keysCommands.show, { key: "alice" }))).toBeInstanceOf(CommandFault);
  });
});

describe("a store with 40 days of the demo fleet", () => {
  beforeAll(() => bench.ingest(generateHistory({ fleet, seed: SEED, from: END - 40 * DAY_MS, to: END })), 60_000);

  test("list gives a line a key, the one used last first, and no caller without a key", async () => {
    const rows = json((await bench.run(keysCommands.list, { json: true })).lines);
    // legacy-import fell silent 60 days ago, so this store never saw it.
    expect(rows.map((r) => r.name).sort()).toEqual(
      fleet.agents
        .map((a) => a.name)
        .filter((n) => n !== "legacy-import")
        .sort(),
    );
    const times = rows.map((r) => String(r.last_used));
    expect([...times].sort().reverse()).toEqual(times);
    expect(rows.find((r) => r.name === "alice")).toMatchObject({
      networks: 3,
      countries: 2,
      access_observed: "write",
      key_hint: `AKIA…${keyIdOf("alice").slice(-4)}`,
    });
    expect(rows.find((r) => r.name === "web-app")).toMatchObject({
      key_hint: null,
      key_uid: null,
      principal_uid: "arn:aws:iam::111122223333:role/web-app",
    });
    const all = json((await bench.run(keysCommands.list, { json: true, all: true })).lines);
    expect(all.length).toBe(rows.length + 1);
    const few = await bench.run(keysCommands.list, { limit: 2 });
    expect(few.lines.filter((l) => l.includes("aws_cloudtrail")).length).toBe(2);
    expect(few.notes.join()).toMatch(/--limit/);
  });

  test("show finds a key by user name, hint, id, key_uid and subject, and no id is printed", async () => {
    const [row] = json((await bench.run(keysCommands.show, { key: "alice", json: true })).lines);
    for (const key of [row!.key_hint, keyIdOf("alice"), row!.key_uid, row!.subject_uid, row!.principal_uid]) {
      const { lines } = await bench.run(keysCommands.show, { key, json: true });
      expect(json(lines)[0], String(key)).toEqual(row);
      expect(lines.join()).not.toContain(keyIdOf("alice"));
    }
    expect(row).toMatchObject({
      zone: "America/New_York",
      usual_hours: { from: "09:00", to: "18:00", days: "mon-fri" },
    });
    expect(row!.knowledge).toMatchObject({
      learned: expect.arrayContaining([expect.stringMatching(/networks?: a new one/)]),
    });
  });

  test("show says in words where from, when, what, and what is not informative and why", async () => {
    const text = (await bench.run(keysCommands.show, { key: "auditor" })).lines.join("\n");
    expect(text).toMatch(/Where from +Australia 100 %/);
    expect(text).toMatch(/09:00-17:00 Australia\/Sydney, mon-fri/);
    expect(text).toMatch(/Mon {2}·{9}[▁-█]{8}·{7}/);
    expect(text).toMatch(/Sun {2}·{24}/);
    const ci = (await bench.run(keysCommands.show, { key: "ci-deploy" })).lines.join("\n");
    expect(ci).toMatch(/networks: net changes too often/);
    expect(ci).toMatch(/hours: works round the clock/);
    expect(ci).toMatch(/and \d+ more networks/);
  });

  test("a name that nobody has, and one that fits several, are told in a sentence", async () => {
    const none = await faultOf(bench.run(keysCommands.show, { key: "no\nbody" }));
    expect(String(none)).toMatch(/There is no key no body/);
    const call = (account: string, i: number) => ({
      ...plainCall(account, i),
      userIdentity: {
        type: "IAMUser",
        arn: `arn:aws:iam::${account}:user/twin`,
        accountId: account,
        userName: "twin",
        accessKeyId: `AKIAEXAMPLETWIN0000${i}`,
      },
    });
    await bench.ingest([call("111122223333", 1), call("444455556666", 2)]);
    const many = await faultOf(bench.run(keysCommands.show, { key: "twin" }));
    expect(String(many)).toMatch(/twin fits several keys: .*Give the part in brackets/);
    const [, uid] = /\((aws_cloudtrail:[0-9a-f]{32})\)/.exec(String(many))!;
    expect((await bench.run(keysCommands.show, { key: uid })).lines[0]).toMatch(/^twin/);
    const drafted = (await bench.run(keysCommands.draft, { minEvents: 1, json: true })).lines.join("\n");
    expect(inventory.parse(JSON.parse(drafted)).keys.map((k) => k.name)).toEqual(
      expect.arrayContaining(["twin", "twin-2"]),
    );
  });

  test("import stores a version, says what changed, and holds at once", async () => {
    const path = file("keys.json", demoInventory(fleet));
    const first = await bench.run(keysCommands.import, { file: path });
    expect(first.lines.join("\n")).toMatch(/Imported 9 keys[\s\S]*\+ alice[\s\S]*~ environments/);
    expect((await bench.run(keysCommands.import, { file: path })).lines.join()).toMatch(/nothing changed/);
    const versions = await readInventory(bench.app.store);
    expect(versions.length).toBe(1);
    expect(JSON.stringify(versions)).not.toContain(keyIdOf("alice"));
    const rows = json((await bench.run(keysCommands.list, { json: true })).lines);
    expect(rows.find((r) => r.name === "finance-dashboard")).toMatchObject({
      owner: "team-finance",
      access_declared: "read",
      declared: true,
    });
    expect(rows.find((r) => r.name === "legacy-import")).toMatchObject({ last_used: null });
    expect(String(await faultOf(bench.run(keysCommands.show, { key: "legacy-import" })))).toMatch(/was never used/);
  });

  test("import tells every fault at once and stores nothing", async () => {
    const before = (await readInventory(bench.app.store)).length;
    const bad = file(
      "bad.yaml",
      "keys:\n  - { name: a, provider: x, id: k, acces: read }\n  - { name: a, provider: x, principal: p, allowed_networks: [300.1.1.1/8], hours: { timezone: Mars/Base, from: '7', to: '20:00' } }\n",
    );
    const fault = (await faultOf(bench.run(keysCommands.import, { file: bad }))) as ConfigFault;
    expect(fault).toBeInstanceOf(ConfigFault);
    expect(fault.faults.join("\n")).toMatch(/did you mean "access"/);
    expect(fault.faults.length).toBeGreaterThanOrEqual(4);
    for (const body of ["", "- a\n", "keys: [", "42"]) {
      expect(await faultOf(bench.run(keysCommands.import, { file: file("odd.yaml", body) })), body).toBeInstanceOf(
        ConfigFault,
      );
    }
    expect(await faultOf(bench.run(keysCommands.import, { file: join(bench.directory, "none.yaml") }))).toBeInstanceOf(
      ConfigFault,
    );
    expect(await faultOf(bench.run(keysCommands.import, { file: bad, effectiveAt: "soon" }))).toMatchObject({
      exitCode: 2,
    });
    expect((await readInventory(bench.app.store)).length).toBe(before);
  });

  test("a draft keeps what is declared, also after the declaration was broken, and does not make the thief's network a rule", async () => {
    await bench.ingest(demoCompromises(fleet, SEED).flatMap((c) => c.records(END - 60_000)));
    const path = join(bench.directory, "draft.yaml");
    const { notes } = await bench.run(keysCommands.draft, { out: path });
    expect(notes.join()).toMatch(/keys import/);
    const text = readFileSync(path, "utf8");
    const drafted = inventory.parse(parse(text));
    const key = (name: string) => drafted.keys.find((k) => k.name === name)!;
    expect(key("finance-dashboard").access).toBe("read");
    expect(text).toMatch(/access: read # as declared; observed: write: 3 of .* all on 2026-11-15/);
    expect(key("billing-report-bot").hours).toMatchObject({ from: 420, to: 1200, timezone: "Europe/Berlin" });
    expect(key("alice").owner).toBe("alice@example.com");
    expect(key("alice").allowed_networks).toEqual(["192.0.2.0/24", "2001:db8:100::/48", "2001:db8:200::/48"]);
    expect(key("alice").allowed_countries).toEqual(["US", "GB"]);
    expect(key("web-app").allowed_networks).toEqual(["10.0.12.0/24", "198.51.100.0/24"]);
    expect(key("old-ci").revoked_at).toBe(END - 20 * DAY_MS);
    expect(text).toMatch(/Declared today and not here[^\n]*legacy-import/);
    expect(await faultOf(bench.run(keysCommands.draft, { out: path }))).toBeInstanceOf(CommandFault);
    const imported = await bench.run(keysCommands.import, { file: path, json: true });
    expect(json(imported.lines)[0]).toMatchObject({ imported: true, removed: ["legacy-import"] });
  });

  test("names out of logs are inert in YAML and on the terminal", async () => {
    const name = "x\u001b[2J\n- name: evil\u2028# \u202e\u0085{}";
    const records = Array.from({ length: 60 }, (_, i) => ({
      ...plainCall("111122223333", 100 + i),
      userIdentity: {
        type: "IAMUser",
        arn: `arn:aws:iam::111122223333:user/${name}`,
        accountId: "111122223333",
        userName: name,
        accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      },
    }));
    await bench.ingest(records);
    const drafted = inventory.parse(parse((await bench.run(keysCommands.draft)).lines.join("\n")));
    expect(drafted.keys.map((k) => k.name)).toContain(name);
    expect(drafted.keys.map((k) => k.name)).not.toContain("evil");
    const shown = [
      await bench.run(keysCommands.list),
      await bench.run(keysCommands.show, { key: "AKIAIOSFODNN7EXAMPLE" }),
      await bench.run(keysCommands.draft),
    ];
    const odd = (line: string) => [...line].some((c) => c < " " || (c >= "\u007f" && c <= "\u009f") || c === "\u202e");
    for (const { lines } of shown) expect(lines.filter(odd)).toEqual([]);
  });
});
