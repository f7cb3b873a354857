import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWriter } from "../../ingest/writer.ts";
import { config } from "../../schemas/config.ts";
import { sourceProgress } from "../../schemas/queries/ingest.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate, migrations } from "../../schemas/store/migrate.ts";
import { connectServer } from "../../schemas/store/server.ts";
import type { Store } from "../../schemas/store/store.ts";
import { normalized } from "../normalized.ts";
import { cloudTrail } from "../records.ts";
import { clickhouseHttp } from "../schemas/clickhouse_http.ts";
import { keywatch, tempFolder, until } from "../support.ts";
import type { Faults } from "./relay.ts";
import { noServer, startServers, user } from "./server.ts";

interface Peer {
  url: string;
  faults: Faults;
  stop(): Promise<void>;
}

async function openDoor(): Promise<Peer> {
  const folder = tempFolder();
  const engine = await connectEmbedded(folder);
  const door = await clickhouseHttp(engine, folder, { users: { [user.username]: user.password } });
  return {
    ...door,
    async stop() {
      door.server.closeAllConnections();
      await new Promise((resolve) => door.server.close(resolve));
      await engine.close();
    },
  };
}

function holds(open: () => Promise<Peer>): void {
  let peer: Peer;
  let store: Store;
  const told: string[] = [];
  const settings = (over: object = {}) =>
    config.parse({ store: { url: peer.url, ...user, retry_for: "20s", ...over } });

  beforeAll(async () => {
    peer = await open();
    store = await connectServer(settings().store, (sentence) => void told.push(sentence));
    await migrate(store, settings());
  });
  afterAll(async () => {
    await store?.close();
    await peer?.stop();
  });

  const count = async (table: string) => Number((await store.rows(`SELECT count() AS n FROM ${table}`))[0]!.n);

  describe("speaks what the client uses", () => {
    test("ping needs no name, all else the right one", async () => {
      expect(await (await fetch(`${peer.url}/ping`)).text()).toBe("Ok.\n");
      const wrong = { ...settings().store, password: "wrong" };
      await expect(connectServer(wrong)).rejects.toThrow(/did not answer: keywatch: Authentication failed/);
      const byHeader = await fetch(peer.url, {
        method: "POST",
        body: "SELECT 7",
        headers: { "X-ClickHouse-User": user.username, "X-ClickHouse-Key": user.password },
      });
      expect(await byHeader.text()).toBe("7\n");
    });

    test("statement in the address or the body, parameters, formats, errors with their code", async () => {
      const headers = { Authorization: `Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}` };
      const ask = (query: string, body = "") =>
        fetch(`${peer.url}/?${query}`, { method: "POST", headers, ...(body ? { body } : {}) });
      expect(
        await (
          await ask(`query=${encodeURIComponent("SELECT {n:UInt8} + 1 AS m")}&param_n=4&default_format=JSONEachRow`)
        ).text(),
      ).toBe('{"m":5}\n');
      expect(await (await ask("default_format=CSV", "SELECT 'a,b', 2")).text()).toBe('"a,b",2\n');
      expect(await (await ask("", "SELECT 1 AS x FORMAT JSONCompactEachRow")).text()).toBe("[1]\n");
      const wrong = await ask("", "SELECT no_such_column");
      expect(wrong.headers.get("x-clickhouse-exception-code")).toBe("47");
      expect(await wrong.text()).toMatch(/^Code: 47\. DB::Exception: .*no_such_column.*\(UNKNOWN_IDENTIFIER\)/s);
      expect((await ask("no_such_setting=1", "SELECT 1")).headers.get("x-clickhouse-exception-code")).toBe("115");
      expect(await (await ask("readonly=1", "SELECT 1")).text()).toBe("1\n");
      expect((await ask("readonly=1", "CREATE TABLE never (a Int8) ENGINE = Memory")).status).not.toBe(200);
    });

    test("blocks, rows, parameters, columns, texts and errors go through the client, compressed", async () => {
      const writer = await createWriter(store);
      await writer.add(await normalized([cloudTrail(), cloudTrail({ userAgent: "tab\t quote' ü \\n" })]));
      await writer.flush();
      expect((await store.columns("SELECT user_agent FROM events ORDER BY seq")).user_agent).toEqual([
        "Boto3/1.40",
        "tab\t quote' ü \\n",
      ]);
      const row = { records: 3, complete: true, name: "n", updated_at: "2026-06-01T00:00:00.000Z" };
      await store.insert("source_progress", [{ ...row, source: "it's\ta \\ name" }]);
      expect(await store.ask(sourceProgress, { source: "it's\ta \\ name" })).toEqual([
        { name: "n", records: 3, complete: true },
      ]);
      expect(await store.rows("SELECT arraySort({a:Array(String)}) AS a", { a: ["b'", "a\\"] })).toEqual([
        { a: ["a\\", "b'"] },
      ]);
      const many = Array.from({ length: 500 }, (_, i) => `${i}-${"u'".repeat(20)}`);
      expect(await store.rows("SELECT uniqExact(arrayJoin({a:Array(String)})) AS n", { a: many })).toEqual([
        { n: 500 },
      ]);
      expect(await store.text("SELECT 1 AS a, 'x' AS b", {}, "CSVWithNames")).toBe('"a","b"\n1,"x"\n');
      expect(await store.text("SELECT repeat('x', 1000000) AS a", {}, "TSV")).toHaveLength(1_000_001);
      await expect(store.rows("SELECT no_such_column FROM events")).rejects.toThrow(/no_such_column/);
      const reader = await store.readOnly();
      expect(await reader.rows("SELECT count() AS n FROM events FINAL")).toEqual([{ n: 2 }]);
      for (const sql of ["INSERT INTO meta VALUES ('a','b',now())", "DROP TABLE events"]) {
        await expect(reader.command(sql), sql).rejects.toThrow();
      }
      await reader.close();
    });
  });

  describe("survives a server in trouble", () => {
    const letter = (uid: string) => ({
      uid,
      provider: "generic",
      reason: "r",
      raw: "{}",
      bytes: 2,
      position: "p",
      status: "open",
      ingested_at: new Date().toISOString(),
      updated_at: new Date().toISOString(),
    });

    test.each([
      [
        "gone",
        () => {
          peer.faults.gone = true;
        },
      ],
      [
        "answering 500",
        () => {
          peer.faults.status = 500;
        },
      ],
      [
        "answering 503",
        () => {
          peer.faults.status = 503;
        },
      ],
      [
        "taking rows and not saying so",
        () => {
          peer.faults.swallow = true;
        },
      ],
    ])("%s for a while: the insert waits, says so once, and each row is there once", async (word, breakIt) => {
      told.length = 0;
      breakIt();
      const inserting = store.insert("dead_letters", [letter(word)]);
      await until("the word", () => told.length > 0);
      Object.assign(peer.faults, { gone: false, status: null, swallow: false });
      await inserting;
      expect(told).toEqual([
        expect.stringMatching(/^ClickHouse at http.* does not answer, it is waited for: /),
        expect.stringMatching(/answers again\.$/),
      ]);
      expect(await count(`dead_letters FINAL WHERE uid = '${word}'`)).toBe(1);
    });

    test("slow is slow, and nothing else", async () => {
      peer.faults.delayMs = 700;
      await store.insert("dead_letters", [letter("slow")]);
      peer.faults.delayMs = 0;
      expect(await count("dead_letters FINAL WHERE uid = 'slow'")).toBe(1);
    });

    test("away for longer: a sentence, the next one is not waited for, and all is well when it is back", async () => {
      const brief = await connectServer(settings({ retry_for: "300ms" }).store);
      peer.faults.gone = true;
      await expect(brief.rows("SELECT 1")).rejects.toThrow(
        / did not answer.*: .+\. What was acknowledged is stored\. When it is back/,
      );
      const started = performance.now();
      await expect(brief.rows("SELECT 1")).rejects.toThrow(/did not answer/);
      expect(performance.now() - started).toBeLessThan(200);
      peer.faults.gone = false;
      expect(await brief.rows("SELECT 1 AS a")).toEqual([{ a: 1 }]);
      await brief.close();
    });
  });

  test("four processes that migrate at once leave one schema", async () => {
    const folder = tempFolder();
    const file = join(folder, "keywatch.yaml");
    writeFileSync(
      file,
      `store: { url: "${peer.url}", username: ${user.username}, password: "\${PASSWORD}", database: keywatch }\n`,
    );
    await store.command("DROP VIEW IF EXISTS outbox");
    for (const row of await store.rows(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'",
    ))
      await store.command(`DROP TABLE IF EXISTS ${String(row.name)} SYNC`);
    const run = () => keywatch(["--config", file, "migrate"], { env: { PASSWORD: user.password } });
    const ran = await Promise.all([run(), run(), run(), run()]);
    expect(ran.map((r) => [r.code, r.stderr])).toEqual(Array(4).fill([0, ""]));
    expect((await run()).stdout).toBe("The store is up to date.\n");
    expect(await count("schema_migrations FINAL")).toBe(migrations().length);
    const made = migrations().flatMap((m) => m.sql.match(/^CREATE (TABLE|VIEW)/gm) ?? []).length;
    expect(
      await count("system.tables WHERE database = currentDatabase() AND (engine LIKE '%MergeTree' OR engine = 'View')"),
    ).toBe(made + 1);
  }, 240_000);
}

describe("the store port over the test's door before the embedded engine", () => holds(openDoor));

describe.skipIf(noServer !== null)(
  `the store port over a real ClickHouse server${noServer ? ` (${noServer})` : ""}`,
  () => holds(async () => (await startServers(tempFolder()))[0]!),
);
