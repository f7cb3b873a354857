import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { listFiles } from "../../ingest/sources/file_list.ts";
import { nodeBinary } from "../alert/chaos.ts";
import { keywatch, tempFolder } from "../support.ts";
import { sharedData } from "./shared_data.ts";

const data = sharedData("cloudtrail/invictus");

interface Line {
  kind: "finding" | "incident";
  uid: string;
  detection: string;
  severity: string;
  principal: string;
  key_hint: string;
  reasons: string[];
  event_uids: string[];
  event_count: number;
}

const lines = (stdout: string): Line[] =>
  stdout
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((l) => JSON.parse(l) as Line);

async function records(): Promise<Record<string, unknown>[]> {
  const { files } = await listFiles([data!]);
  return files.flatMap(
    (f) => (JSON.parse(gunzipSync(readFileSync(f)).toString()) as { Records: Record<string, unknown>[] }).Records,
  );
}

/** Deterministic shuffle. */
function shuffled<T>(items: T[], seed: number): T[] {
  const out = [...items];
  let state = seed;
  for (let i = out.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

function writeFiles(folder: string, all: Record<string, unknown>[], per: number): void {
  for (let i = 0; i < all.length; i += per) {
    writeFileSync(
      join(folder, `part-${String(i).padStart(6, "0")}.json`),
      JSON.stringify({ Records: all.slice(i, i + per) }),
    );
  }
}

describe.skipIf(data === null)("an attacked account of 2,900 records", () => {
  test("scan tells the bursts and the stolen instance key, and leaves the benign alone", async () => {
    const started = performance.now();
    const ran = await keywatch(["scan", data!, "--format", "ndjson"]);
    expect(ran.code).toBe(0);
    expect(performance.now() - started).toBeLessThan(10_000 * (process.env.CI ? 2 : 1));
    const all = lines(ran.stdout);
    const findings = all.filter((l) => l.kind === "finding");
    const incidents = all.filter((l) => l.kind === "incident");
    expect(incidents.length).toBeLessThanOrEqual(25);

    const bursts = findings.filter((f) => f.detection === "failure_spike" || f.detection === "denied_enumeration");
    const told = bursts.map((f) => f.reasons.join(" "));
    expect(told.some((t) => t.includes("29 of 29") && t.includes("GetPasswordData"))).toBe(true);
    expect(told.some((t) => t.includes("15 of 15") && t.includes("DescribeInstanceAttribute"))).toBe(true);

    const stolen = findings.find(
      (f) => f.detection === "credential_exfiltrated" && f.principal.includes("i-0dbc91f429e48eeed"),
    );
    const keyOf = new Map(
      (await records()).map((r) => [r.eventID, (r.userIdentity as { accessKeyId?: string }).accessKeyId]),
    );
    const from = new Map((await records()).map((r) => [r.eventID, r.sourceIPAddress]));
    expect(new Set(stolen!.event_uids.map((u) => keyOf.get(u))).size).toBe(2);
    expect(new Set(stolen!.event_uids.map((u) => from.get(u)))).toEqual(new Set(["3.225.16.109", "192.168.10.20"]));

    const grave = all.filter((l) => ["medium", "high", "critical"].includes(l.severity));
    expect(grave.filter((l) => /benjamin|amazonaws/.test(l.principal))).toEqual([]);
  });

  test("the attack tool's name in user agents and role names plays no part", async () => {
    const folder = tempFolder();
    const text = JSON.stringify({ Records: await records() })
      .replace(/stratus-red-team/g, "shop-backend-jobs")
      .replace(/stratus/gi, "batch");
    writeFileSync(join(folder, "all.json"), text);
    const [renamed, plain] = await Promise.all([
      keywatch(["scan", folder, "--format", "ndjson"]),
      keywatch(["scan", data!, "--format", "ndjson"]),
    ]);
    const shape = (stdout: string) =>
      lines(stdout)
        .map((l) => [l.kind, l.detection, l.severity, l.event_count].join(" "))
        .sort();
    expect(shape(renamed.stdout)).toEqual(shape(plain.stdout));
  });

  test("declared read-only: nothing on the user who reads, a high incident on the one who writes", async () => {
    const inventory = join(tempFolder(), "keys.yaml");
    const key = (name: string) => `  - { name: ${name}, provider: aws_cloudtrail, principal: ${name}, access: read }\n`;
    writeFileSync(inventory, `keys:\n${key("benjamin")}${key("bert-jan")}`);
    const ran = await keywatch(["scan", data!, "--format", "ndjson", "--inventory", inventory, "--fail-on", "high"]);
    expect(ran.code).toBe(3);
    const incidents = lines(ran.stdout).filter((l) => l.kind === "incident");
    expect(incidents.filter((i) => i.principal === "benjamin")).toEqual([]);
    expect(incidents.filter((i) => i.principal === "bert-jan").map((i) => i.severity)).toContain("high");
  });

  test("ingest twice, and in another order: the same events and findings", async () => {
    const plain = tempFolder();
    await keywatch(["--data", plain, "ingest", data!], { env: pepper });
    const wanted = await outcome(plain);
    expect(wanted.events).toBe(2_900);
    await keywatch(["--data", plain, "ingest", data!], { env: pepper });
    expect(await outcome(plain)).toEqual(wanted);

    const reversed = tempFolder();
    const files = (await listFiles([data!])).files.reverse();
    for (const part of [files.slice(0, 20), files.slice(20)]) writeOnce(reversed, part);
    const copies = join(reversed, "logs");
    const other = tempFolder();
    await keywatch(["--data", other, "ingest", copies], { env: pepper });
    expect(await outcome(other)).toEqual(wanted);
  }, 200_000);
});

/** Every table that an ingest writes into, in this order. */
const PLACES = "events source_progress findings transitions incidents held_findings profiles checkpoints".split(" ");

describe.skipIf(data === null || nodeBinary === null)(
  "an ingest of 2,900 records, shuffled and doubled, that is killed",
  () => {
    const mixed = tempFolder();
    let wanted: Outcome;

    beforeAll(async () => {
      const all = await records();
      writeFiles(mixed, shuffled([...all, ...all], 7), 500);
      const plain = tempFolder();
      await keywatch(["--data", plain, "ingest", data!], { env: pepper });
      wanted = await outcome(plain);
    }, 100_000);

    test("left alone writes in this order, and gives what the files as they lie give", async () => {
      const store = tempFolder();
      expect(await ingestUntil(store, mixed)).toEqual({ signal: null, tables: PLACES });
      expect(await outcome(store)).toEqual(wanted);
    }, 100_000);

    test.each(PLACES)(
      "after its first write of %s, and run again, gives the same events, findings and incidents",
      async (place) => {
        const store = tempFolder();
        const { signal, tables } = await ingestUntil(store, mixed, place);
        expect([signal, tables.at(-1)]).toEqual(["SIGKILL", place]);
        expect((await keywatch(["--data", store, "ingest", mixed], { env: pepper })).code).toBe(0);
        expect(await outcome(store)).toEqual(wanted);
      },
      100_000,
    );
  },
);

const pepper = { KEYWATCH_PEPPER: "a".repeat(64) };

interface Outcome {
  events: number;
  findings: string[];
  incidents: string[];
}

/** outcome is what a store holds in the end. */
async function outcome(store: string): Promise<Outcome> {
  const uids = (table: string) => `(select arraySort(groupArray(uid)) from ${table} final)`;
  const sql = `select toUInt32((select count() from events final)) as events, ${uids("findings")} as findings, ${uids("incidents")} as incidents`;
  const ran = await keywatch(["--data", store, "sql", sql, "--format", "json"], { env: pepper });
  return JSON.parse(ran.stdout) as Outcome;
}

/** ingestUntil runs an ingest that is killed in the moment after its first write into the table. */
async function ingestUntil(
  store: string,
  logs: string,
  table = "",
): Promise<{ signal: string | null; tables: string[] }> {
  const script = join(import.meta.dirname, "fixtures", "ingest_process.ts");
  const child = spawn(nodeBinary!, ["--no-warnings", script, store, logs, table], {
    env: { ...process.env, ...pepper },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  return { signal, tables: [...new Set(said.trim().split("\n"))] };
}

/** writeOnce copies files under names that sort the other way round. */
function writeOnce(folder: string, files: string[]): void {
  const to = join(folder, "logs");
  mkdirSync(to, { recursive: true });
  for (const [i, file] of files.entries()) copyFileSync(file, join(to, `${1000 - i}-${files.length}.json.gz`));
}
