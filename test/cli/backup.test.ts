import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder, until } from "../support.ts";

const folder = tempFolder();
const at = (name: string) => join(folder, name);
const port = 20_000 + (process.pid % 20_000);
const url = `http://127.0.0.1:${port}/v1/ingest/aws_cloudtrail`;

const identity = (n: number) => ({
  type: "IAMUser",
  arn: `arn:aws:iam::111122223333:user/bot-${n}`,
  accountId: "111122223333",
  accessKeyId: `AKIAEXAMPLEKEYABC${String.fromCharCode(65 + Math.floor(n / 26))}${String.fromCharCode(65 + (n % 26))}2`,
  userName: `bot-${n}`,
});
/** Batches that each hold findings: many denied calls of one key. */
const batches = Array.from({ length: 40 }, (_, n) =>
  Array.from({ length: 25 }, (_, i) =>
    cloudTrail({
      eventTime: `2026-06-01T10:${String(n % 60).padStart(2, "0")}:${String(i).padStart(2, "0")}Z`,
      userIdentity: identity(n),
      errorCode: "AccessDenied",
      eventName: `List${i % 12}`,
    }),
  ),
);

async function serve(data: string) {
  let said = "";
  const run = keywatch(["--data", data, "serve", "--listen", `127.0.0.1:${port}`], {
    onOutput: (text) => {
      said = text;
    },
  });
  await until("the address", () => said.includes("is at http"));
  return async () => {
    run.child.kill("SIGTERM");
    expect((await run).code).toBe(0);
  };
}
async function push(batch: object[]): Promise<{ stored: number; duplicates: number }> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(batch) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { stored: number; duplicates: number };
}
const sql = async (data: string, query: string) =>
  JSON.parse((await keywatch(["--data", data, "sql", query, "--format", "json"])).stdout) as Record<string, unknown>;
const findings = async (data: string) =>
  (await sql(data, "select arraySort(groupUniqArray((uid, version))) as uids from findings")).uids;

describe("backup and restore", () => {
  test("a backup made while pushes run is whole: restored elsewhere and fed again, it comes to the same findings and counts nothing twice", async () => {
    const stop = await serve(at("one"));
    let pushed = 0;
    let ended = false;
    const pushing = (async () => {
      for (const batch of batches) {
        // However fast the machine is, some come after the backup.
        if (pushed === batches.length - 5) await until("the backup", () => ended);
        await push(batch);
        pushed++;
      }
    })();
    await until("some batches", () => pushed >= 5);
    const made = await keywatch(["--data", at("one"), "backup", at("backup")]).finally(() => {
      ended = true;
    });
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^Backup in .*: [\d,]+ event rows/)]);
    expect(made.stderr).toContain("It holds the pepper");
    const duringTheBackup = pushed;
    await pushing;
    await stop();
    const wanted = await findings(at("one"));
    expect(readdirSync(at("backup/tables/events")).length).toBeGreaterThan(0);
    expect(duringTheBackup).toBeLessThan(batches.length);
    expect(readdirSync(at("one/store/shadow")).filter((n) => n.startsWith("keywatch_backup"))).toEqual([]);

    const restored = await keywatch(["--data", at("two"), "restore", at("backup")]);
    expect([restored.code, restored.stdout]).toEqual([0, expect.stringContaining("Restored")]);
    expect(readFileSync(at("two/pepper"))).toEqual(readFileSync(at("one/pepper")));
    expect(statSync(at("two/pepper")).mode & 0o777).toBe(0o600);
    const before = Number((await sql(at("two"), "select count() as n from events final")).n);
    expect(before).toBeGreaterThanOrEqual(5 * 25);
    expect(before % 25).toBe(0);
    const again = await serve(at("two"));
    let stored = 0;
    for (const batch of batches) stored += (await push(batch)).stored;
    await again();
    expect(stored).toBe(batches.length * 25 - before);
    expect((await sql(at("two"), "select count() as n from events final")).n).toBe(batches.length * 25);
    expect(await findings(at("two"))).toEqual(wanted);
  }, 300_000);

  test("a folder that holds something is left alone, on both sides, and --force puts it aside", async () => {
    mkdirSync(at("full"));
    writeFileSync(at("full/note"), "mine");
    const refused = await keywatch(["--data", at("two"), "backup", at("full")]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("is not empty")]);
    const kept = await keywatch(["--data", at("full"), "restore", at("backup")]);
    expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining("--force")]);
    expect(readFileSync(at("full/note"), "utf8")).toBe("mine");
    const forced = await keywatch(["--data", at("full"), "restore", at("backup"), "--force"]);
    expect(forced.code).toBe(0);
    const aside = readdirSync(folder).find((n) => n.startsWith("full.before-"))!;
    expect(readFileSync(join(folder, aside, "note"), "utf8")).toBe("mine");
  });

  test("half a backup is none, and a restore that fails leaves no trace", async () => {
    const events = at("backup/tables/events");
    rmSync(join(events, readdirSync(events)[0]!), { recursive: true });
    const damaged = await keywatch(["--data", at("three"), "restore", at("backup")]);
    expect([damaged.code, damaged.stderr]).toEqual([1, expect.stringContaining("damaged: events/")]);
    rmSync(at("backup/keywatch-backup.json"));
    const half = await keywatch(["--data", at("three"), "restore", at("backup")]);
    expect([half.code, half.stderr]).toEqual([1, expect.stringContaining("holds no whole backup")]);
    expect(existsSync(at("three"))).toBe(false);
  });
});
