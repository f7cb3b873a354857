import type { Server } from "node:http";
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
import { tempFolder } from "../support.ts";
import { clickhouseHttp } from "./clickhouse_http.ts";

const defaults = config.parse({});
let engine: Store;
let http: Server;
let server: Store;

beforeAll(async () => {
  const folder = tempFolder();
  engine = await connectEmbedded(folder);
  const door = await clickhouseHttp(engine, folder);
  http = door.server;
  server = await connectServer({ ...defaults.store, url: door.url });
});
afterAll(async () => {
  await server.close();
  await new Promise((resolve) => http.close(resolve));
  await engine.close();
});

describe("the store port over HTTP", () => {
  test("migrations run once, a second time nothing happens, and a new retention is applied", async () => {
    expect(await migrate(server, defaults)).toEqual([...migrations().map((m) => m.name), "retention"]);
    expect(await migrate(server, defaults)).toEqual([]);
    expect(await migrate(server, config.parse({ store: { ttl: { events: "30d" } } }))).toEqual(["retention"]);
  });

  test("blocks, rows, parameters, columns and errors go through the real client", async () => {
    const writer = await createWriter(server);
    await writer.add(await normalized([cloudTrail(), cloudTrail({ userAgent: "tab\t quote' ü" })]));
    await writer.flush();
    expect((await server.rows("SELECT count() AS n FROM events"))[0]).toEqual({ n: 2 });
    expect((await server.columns("SELECT user_agent FROM events ORDER BY seq")).user_agent).toEqual([
      "Boto3/1.40",
      "tab\t quote' ü",
    ]);
    await server.insert("source_progress", [
      { source: "it's", records: 3, complete: true, name: "n", updated_at: "2026-06-01T00:00:00.000Z" },
    ]);
    expect(await server.ask(sourceProgress, { source: "it's" })).toEqual([{ name: "n", records: 3, complete: true }]);
    await expect(server.rows("SELECT no_such_column FROM events")).rejects.toThrow(/no_such_column/);
  });
});

describe("the embedded store", () => {
  test("a second session only reads, and sees the writer's rows at once", async () => {
    const reader = await engine.readOnly();
    expect(Number((await reader.rows("SELECT count() AS n FROM events"))[0]!.n)).toBe(2);
    for (const statement of [
      "INSERT INTO meta VALUES ('a','b',now())",
      "DROP TABLE events",
      "SET readonly = 0",
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    ]) {
      await expect(reader.command(statement), statement).rejects.toThrow();
    }
    await reader.close();
    expect(Number((await engine.rows("SELECT count() AS n FROM events"))[0]!.n)).toBe(2);
  });

  test("memory that the engine took for one statement goes back to the system within three seconds", async () => {
    await engine.rows("SELECT uniqExact(number) FROM numbers(5_000_000)");
    const taken = process.memoryUsage.rss();
    await expect.poll(() => (taken - process.memoryUsage.rss()) / 1e6, { timeout: 3_000 }).toBeGreaterThan(100);
  });

  test("a migration that changed after it was applied is refused", async () => {
    await engine.command(
      "ALTER TABLE schema_migrations UPDATE checksum = 'other' WHERE id = 2 SETTINGS mutations_sync = 1",
    );
    await expect(migrate(engine, defaults)).rejects.toThrow(/002_bookkeeping.sql was changed after it was applied/);
  });
});
