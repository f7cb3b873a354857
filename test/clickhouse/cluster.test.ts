import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimLedger } from "../../detect/ledger.ts";
import { createWriter } from "../../ingest/writer.ts";
import { config } from "../../schemas/config.ts";
import { migrate, migrations } from "../../schemas/store/migrate.ts";
import { connectServer } from "../../schemas/store/server.ts";
import type { Store } from "../../schemas/store/store.ts";
import { normalized } from "../normalized.ts";
import { cloudTrail } from "../records.ts";
import { tempFolder, until } from "../support.ts";
import { startDdlFront } from "./ddl_front.ts";
import { type Node, noServer, startServers, user } from "./server.ts";

const settings = (url: string, over: object = {}) =>
  config.parse({ store: { url, ...user, cluster: { name: "main", write_quorum: 1 }, retry_for: "10s", ...over } });

const callers = (n: number, over: object = {}): Record<string, unknown>[] =>
  Array.from({ length: n }, (_, i) =>
    cloudTrail({
      ...over,
      eventID: `event-${i}`,
      userIdentity: {
        type: "IAMUser",
        principalId: `AIDA${i}`,
        arn: `arn:aws:iam::111122223333:user/bot-${i}`,
        accountId: "111122223333",
        accessKeyId: `AKIAIOSFODNN7EX${String(i).padStart(5, "0")}`,
        userName: `bot-${i}`,
      },
    }),
  );

describe.skipIf(noServer !== null)(`a cluster of two shards${noServer ? ` (${noServer})` : ""}`, () => {
  let nodes: Node[];
  let front: Awaited<ReturnType<typeof startDdlFront>>;
  let store: Store;
  /** What one server holds itself. */
  let each: Store[];
  const calls = callers(40);

  beforeAll(async () => {
    nodes = await startServers(tempFolder(), 2);
    front = await startDdlFront(nodes);
    store = await connectServer(settings(front.url).store);
    each = await Promise.all(nodes.map((n) => connectServer({ ...settings(n.url).store, cluster: null })));
  });
  afterAll(async () => {
    await Promise.all([store, ...each].map((s) => s.close()));
    front.server.close();
    await Promise.all(nodes.map((n) => n.stop()));
  });

  const count = async (s: Store, table: string): Promise<number> =>
    Number((await s.rows(`SELECT count() AS n FROM ${table}`))[0]!.n);

  test("migrations make both tables on both servers, once", async () => {
    expect(await migrate(store, settings(front.url))).toEqual([...migrations().map((m) => m.name), "retention"]);
    expect(await migrate(store, settings(front.url))).toEqual([]);
    const tables = await Promise.all(
      each.map((s) => s.rows("SELECT name, engine FROM system.tables WHERE database = 'keywatch' ORDER BY name")),
    );
    expect(tables[0]).toEqual(tables[1]);
    expect(tables[0]).toContainEqual({ name: "events", engine: "Distributed" });
    expect(tables[0]).toContainEqual({ name: "events_local", engine: "ReplacingMergeTree" });
  });

  test("events are spread by principal, and a copy meets its twin", async () => {
    const writer = await createWriter(store);
    await writer.add(await normalized(calls));
    await writer.flush();
    const parts = await Promise.all(each.map((s) => count(s, "events_local")));
    expect(Math.min(...parts)).toBeGreaterThan(5);
    expect(parts[0]! + parts[1]!).toBe(40);

    const other = await createWriter(store);
    expect((await other.add(await normalized(calls))).duplicates).toBe(40);
    await store.insert(
      "events",
      (await store.rows("SELECT * FROM events")).map((r) => ({ ...r, ingested_at: "2030-01-01 00:00:00.000" })),
    );
    expect([await count(store, "events"), await count(store, "events FINAL")]).toEqual([80, 40]);
    expect(await store.rows("SELECT DISTINCT toYear(ingested_at) AS y FROM events FINAL")).toEqual([{ y: 2030 }]);
  });

  test("rows are on their shard when the insert is answered", async () => {
    for (let i = 0; i < 20; i++) {
      await store.insert("meta", [{ name: `m${i}`, value: "v", updated_at: "2026-01-01T00:00:00.000Z" }]);
    }
    const held = await Promise.all(each.map((s) => count(s, "meta_local WHERE name LIKE 'm%'")));
    expect(held[0]! + held[1]!).toBe(20);
    expect(Math.min(...held)).toBeGreaterThan(0);
  });

  test("a deleted row may come again", async () => {
    const row = { subject_uid: "s", generation: 7, seq: 1, state: "{}", updated_at: "2026-01-01T00:00:00.000Z" };
    await store.insert("profiles", [row]);
    await store.command("DELETE FROM profiles WHERE generation > {generation:UInt64}", { generation: 6 });
    expect(await count(store, "profiles")).toBe(0);
    await store.insert("profiles", [row]);
    expect(await count(store, "profiles FINAL")).toBe(1);
  });

  test("an owner forgets replaced profiles on every shard", async () => {
    let clock = Date.UTC(2026, 5, 1);
    const owner = await claimLedger(store, { log: "events/0", assignment: 1, owner: "o" }, () => clock);
    const rows = (state: string) => Array.from({ length: 30 }, (_, i) => ({ subject_uid: `subject-${i}`, state }));
    await owner.save(rows("old"), 1);
    await owner.save(rows("new"), 2);
    clock += 25 * 3_600_000;
    await owner.save(rows("newest").slice(0, 1), 3);
    const left = await store.rows(
      "SELECT state, count() AS n FROM profiles WHERE log = 'events/0' GROUP BY state ORDER BY state",
    );
    expect(left.map((r) => [r.state, Number(r.n)])).toEqual([
      ["new", 30],
      ["newest", 1],
    ]);
  });

  test("a question within a question asks the whole table", async () => {
    const sql =
      "SELECT count() AS n FROM events FINAL WHERE subject_uid IN (SELECT subject_uid FROM events WHERE operation != '')";
    expect(await store.rows(sql)).toEqual([{ n: 40 }]);
    const reader = await store.readOnly();
    expect(await reader.rows(sql)).toEqual([{ n: 40 }]);
    await expect(reader.command("DROP TABLE events")).rejects.toThrow(/readonly/i);
    await reader.close();
  });

  test("old rows move to the cold volume and new retention is set where the rows lie", async () => {
    const tiered = settings(front.url, { storage: { policy: "tiered", move: [{ after: "1s", volume: "cold" }] } });
    expect(await migrate(store, tiered)).toEqual(["retention"]);
    await store.command("OPTIMIZE TABLE events FINAL");
    await store.insert("events", [
      {
        ...(await store.rows("SELECT * FROM events LIMIT 1"))[0],
        ingested_at: "2026-01-01 00:00:00.000",
        event_uid: "old",
      },
    ]);
    await until("the move", async () => {
      const disks = await Promise.all(
        each.map((s) =>
          s.rows("SELECT DISTINCT disk_name AS d FROM system.parts WHERE table = 'events_local' AND active"),
        ),
      );
      return disks.flat().some((r) => r.d === "cold");
    });
    expect(await migrate(store, settings(front.url))).toEqual(["retention"]);
  });

  test("a server that joins later gets its tables at the next migrate", async () => {
    await each[1]!.command("DROP TABLE held_findings");
    await each[1]!.command("DROP TABLE held_findings_local");
    expect((await migrate(store, settings(front.url))).length).toBeGreaterThan(0);
    expect(await count(each[1]!, "held_findings_local")).toBe(0);
    expect(await migrate(store, settings(front.url))).toEqual([]);
  });

  test("a shard that is away is an error and not fewer rows, and a short absence is waited for", async () => {
    await nodes[1]!.kill();
    const impatient = await connectServer({ ...settings(nodes[0]!.url).store, cluster: null, retry_for: 0 });
    await expect(impatient.rows("SELECT count() AS n FROM events")).rejects.toThrow(/ClickHouse at .* did not answer/);
    await impatient.close();
    const counting = count(store, "events FINAL");
    await nodes[1]!.start();
    expect(await counting).toBeGreaterThanOrEqual(40);
  });

  test("the real engine takes every statement of the cluster as it is", async () => {
    const [, second] = nodes;
    const raw = async (sql: string): Promise<string> =>
      (
        await fetch(`${second!.url}/?database=replicated`, {
          method: "POST",
          body: sql.replace(" ON CLUSTER main", ""),
        })
      ).text();
    expect(await (await fetch(second!.url, { method: "POST", body: "CREATE DATABASE replicated" })).text()).toBe("");
    for (const sql of front.statements.filter((s) => /CREATE (TABLE|VIEW)/.test(s))) {
      const answer = await fetch(second!.url, {
        method: "POST",
        body: `EXPLAIN AST ${sql.replace(/\n?FORMAT \w+$/, "")}`,
      });
      expect([sql.slice(0, 60), answer.status]).toEqual([sql.slice(0, 60), 200]);
      expect(await raw(sql)).toBe("");
    }
    expect(await raw("SELECT uniqExact(engine) FROM system.tables WHERE database = 'replicated'")).toBe("4\n");
    expect(
      await raw(
        "SELECT count() FROM system.replicas WHERE database = 'replicated' AND replica_path LIKE '/clickhouse/tables/1/%'",
      ),
    ).toBe(`${migrations().flatMap((m) => m.sql.match(/CREATE TABLE/g) ?? []).length + 1}\n`);
  });
});

test.skipIf(noServer !== null)("a cluster that the server does not know is a clear sentence", async () => {
  const [node] = await startServers(join(tempFolder(), "one"), 1);
  await expect(
    connectServer(config.parse({ store: { url: node!.url, cluster: { name: "other" } } }).store),
  ).rejects.toThrow(/knows no cluster "other"; .* main/);
  await node!.stop();
});
