import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeCorpus } from "../bench/corpus.ts";
import { sharedData } from "../conformance/shared_data.ts";
import { keywatch, type Ran, type RunOptions, tempFolder } from "../support.ts";
import { startDdlFront } from "./ddl_front.ts";
import { startRelay } from "./relay.ts";
import { type Node, noServer, startServers, user } from "./server.ts";

const env = { KEYWATCH_PEPPER: "a".repeat(64), STORE_PASSWORD: user.password };

/** configFor writes a keywatch.yaml and gives how to run the command line on it. */
function on(store: string): (args: string[], options?: RunOptions) => Promise<Ran> {
  const folder = tempFolder();
  const file = join(folder, "keywatch.yaml");
  writeFileSync(file, `store: ${store.replaceAll("DATA", join(folder, "data"))}\n`);
  return (args, options = {}) => keywatch(["--config", file, ...args], { ...options, env });
}

const server = (url: string, database: string, more = "") =>
  on(
    `{ path: DATA, url: "${url}", username: ${user.username}, password: "\${STORE_PASSWORD}", database: ${database}${more} }`,
  );

/** What an installation holds in the end: how many events, which findings and incidents. */
async function outcome(run: ReturnType<typeof on>): Promise<string[]> {
  const sql = `SELECT * FROM (SELECT 'event' AS kind, toString(count()) AS what, '' AS how FROM events FINAL
UNION ALL SELECT 'finding', uid, severity FROM findings FINAL
UNION ALL SELECT 'incident', uid, severity FROM incidents FINAL) ORDER BY kind, what`;
  const ran = await run(["sql", sql, "--format", "tsv"]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  return ran.stdout.trim().split("\n");
}

/** erasesWhoHasIncidents erases a principal that has an incident, and looks that nothing of it and everything of others is left. */
async function erasesWhoHasIncidents(run: ReturnType<typeof on>): Promise<void> {
  const ask = async (sql: string): Promise<string[][]> =>
    (await run(["sql", sql, "--format", "tsv"])).stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split("\t"));
  const [[whom = "", subject = ""] = []] = await ask(
    "SELECT principal_uid, subject_uid FROM findings FINAL WHERE subject_uid IN (SELECT subject_uid FROM incidents) ORDER BY uid LIMIT 1",
  );
  const left = `SELECT countIf(principal_uid = '${whom}'), countIf(principal_uid != '${whom}'), (SELECT count() FROM incidents WHERE subject_uid = '${subject}'), (SELECT count() FROM messages WHERE subject_uid = '${subject}') FROM events FINAL`;
  const [[, others] = []] = await ask(left);
  const ran = await run(["erase", whom, "--yes"]);
  expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, expect.stringContaining("incidents"), expect.anything()]);
  expect(await ask(left)).toEqual([["0", others, "0", "0"]]);
  expect((await run(["erase", whom, "--yes"])).stderr).toContain("There is no principal");
}

describe.skipIf(noServer !== null)(`ingest into a real server${noServer ? ` (${noServer})` : ""}`, () => {
  let nodes: Node[];
  let logs: string;
  let wanted: string[];

  beforeAll(async () => {
    // The real account where it is at hand, else made-up records.
    const real = sharedData("cloudtrail/invictus");
    logs = real ?? tempFolder();
    if (real === null) await writeCorpus({ directory: logs, records: 20_000, seed: 5, perFile: 2_000 });
    nodes = await startServers(tempFolder(), 2);
    const embedded = on("{ path: DATA }");
    expect((await embedded(["ingest", logs])).code).toBe(0);
    wanted = await outcome(embedded);
    expect(wanted.filter((l) => l.startsWith("finding")).length).toBeGreaterThan(3);
  }, 240_000);
  afterAll(() => Promise.all((nodes ?? []).map((n) => n.stop())));

  test("the same events, finding uids and incidents as embedded; again changes nothing", async () => {
    const run = server(nodes[0]!.url, "plain");
    expect((await run(["ingest", logs])).code).toBe(0);
    expect(await outcome(run)).toEqual(wanted);
    expect((await run(["ingest", logs])).stdout).toContain("0 new events");
    expect(await outcome(run)).toEqual(wanted);
  }, 240_000);

  test("the same on a cluster of two shards", async () => {
    const front = await startDdlFront(nodes);
    const run = server(front.url, "sharded", ", cluster: { name: main, write_quorum: 1 }");
    const ran = await run(["ingest", logs]);
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(await outcome(run)).toEqual(wanted);
    expect((await run(["doctor"])).code).toBe(0);
    expect((await run(["keys", "list"])).code).toBe(0);
    await erasesWhoHasIncidents(run);
    front.server.close();
  }, 360_000);

  test("a server that takes the rows, dies before it says so and comes back: waited for, nothing lost, nothing doubled", async () => {
    let inserts = 0;
    const relay = await startRelay((_, path) => {
      if (/INSERT(\+|%20)INTO(\+|%20)events/i.test(path) && ++inserts === 1) {
        relay.faults.swallow = true;
        void nodes[0]!.kill();
      }
      return { to: [nodes[0]!.url], body: null };
    });
    const run = server(relay.url, "killed", ", retry_for: 60s");
    let back: Promise<void> | null = null;
    const ran = await run(["ingest", logs], {
      onOutput(text) {
        if (back !== null || !text.includes("does not answer, it is waited for")) return;
        relay.faults.swallow = false;
        back = nodes[0]!.start();
      },
    });
    await back;
    expect([ran.code, inserts > 1]).toEqual([0, true]);
    expect(ran.stderr).toContain("answers again");
    expect(await outcome(run)).toEqual(wanted);
    relay.server.close();
  }, 240_000);

  test("away for longer than the patience: a sentence; started again it goes on, and the outcome is the same", async () => {
    const relay = await startRelay((_, path) => {
      if (/INSERT(\+|%20)INTO(\+|%20)(events|findings)/i.test(path)) relay.faults.gone = true;
      return { to: [nodes[0]!.url], body: null };
    });
    const run = server(relay.url, "away", ", retry_for: 500ms");
    for (let i = 0; i < 2; i++) {
      const ran = await run(["ingest", logs]);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(
        /ClickHouse at \S+ did not answer.*What was acknowledged is stored\. When it is back, start or send again/,
      );
      expect(ran.stderr).not.toContain("    at ");
      relay.faults.gone = false;
    }
    relay.server.close();
    const after = server(nodes[0]!.url, "away");
    const ended = await after(["ingest", logs]);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(await outcome(after)).toEqual(wanted);
  }, 240_000);
});
