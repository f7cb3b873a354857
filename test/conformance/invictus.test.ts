import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { listFiles } from "../../ingest/sources/file_list.ts";
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

  test("ingest twice, in another order, killed in the middle, shuffled and doubled: the same events and findings", async () => {
    const pepper = { KEYWATCH_PEPPER: "a".repeat(64) };
    const outcome = async (store: string) => {
      const count = await keywatch(["--data", store, "sql", "select count() from events final", "--format", "tsv"], {
        env: pepper,
      });
      const uids = await keywatch(
        ["--data", store, "sql", "select uid from findings final order by uid", "--format", "tsv"],
        { env: pepper },
      );
      const incidents = await keywatch(
        ["--data", store, "sql", "select uid from incidents final order by uid", "--format", "tsv"],
        { env: pepper },
      );
      return [count.stdout.split("\n")[1], uids.stdout, incidents.stdout];
    };
    const plain = tempFolder();
    await keywatch(["--data", plain, "ingest", data!], { env: pepper });
    const wanted = await outcome(plain);
    expect(wanted[0]).toBe("2900");
    await keywatch(["--data", plain, "ingest", data!], { env: pepper });
    expect(await outcome(plain)).toEqual(wanted);

    const reversed = tempFolder();
    const files = (await listFiles([data!])).files.reverse();
    for (const part of [files.slice(0, 20), files.slice(20)]) writeOnce(reversed, part);
    const copies = join(reversed, "logs");
    const other = tempFolder();
    await keywatch(["--data", other, "ingest", copies], { env: pepper });
    expect(await outcome(other)).toEqual(wanted);

    const mixed = tempFolder();
    const all = await records();
    writeFiles(mixed, shuffled([...all, ...all], 7), 500);
    const killed = tempFolder();
    for (const ms of [700, 1100, 1500]) {
      const run = keywatch(["--data", killed, "ingest", mixed], { env: pepper });
      const timer = setTimeout(() => run.child.kill("SIGKILL"), ms);
      await run;
      clearTimeout(timer);
    }
    expect((await keywatch(["--data", killed, "ingest", mixed], { env: pepper })).code).toBe(0);
    expect(await outcome(killed)).toEqual(wanted);
  }, 400_000);
});

/** writeOnce copies files under names that sort the other way round. */
function writeOnce(folder: string, files: string[]): void {
  const to = join(folder, "logs");
  mkdirSync(to, { recursive: true });
  for (const [i, file] of files.entries()) copyFileSync(file, join(to, `${1000 - i}-${files.length}.json.gz`));
}
