import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { config } from "../../schemas/config.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { connectServer } from "../../schemas/store/server.ts";
import { expand, panels } from "../dashboard/boards.ts";
import { tempFolder } from "../support.ts";
import { type Node, noServer, startServers, user } from "./server.ts";

const PASSWORD = "only for reading";

describe.skipIf(noServer !== null)(`compose's reader on a real server${noServer ? ` (${noServer})` : ""}`, () => {
  let node: Node;
  beforeAll(async () => {
    const folder = tempFolder();
    cpSync(join(packageRoot, "deploy/compose/clickhouse"), join(folder, "node0", "users.d"), { recursive: true });
    process.env.CLICKHOUSE_READER_PASSWORD = PASSWORD;
    node = (await startServers(folder))[0]!;
    const settings = config.parse({ store: { url: node.url, ...user } });
    const store = await connectServer(settings.store);
    await migrate(store, settings);
    await store.close();
  });
  afterAll(() => node?.stop());

  /** As Grafana asks: with settings of its own in the address. */
  const ask = (sql: string, password = PASSWORD): Promise<Response> =>
    fetch(`${node.url}/?database=keywatch&do_not_merge_across_partitions_select_final=1&max_execution_time=65`, {
      method: "POST",
      headers: { "x-clickhouse-user": "reader", "x-clickhouse-key": password },
      body: sql,
    });

  test("reads what the dashboards ask", async () => {
    expect(await (await ask("SELECT count() FROM v_incidents")).text()).toBe("0\n");
    for (const [name, panel] of panels)
      for (const { rawSql } of panel.targets) {
        const answer = await ask(expand(rawSql, Date.now() - 3_600_000, Date.now()));
        expect([name, answer.status, answer.ok ? "" : await answer.text()]).toEqual([name, 200, ""]);
      }
  });

  test.each([
    "INSERT INTO events (principal_uid) VALUES ('x')",
    "ALTER TABLE events DELETE WHERE 1",
    "ALTER TABLE events DROP COLUMN raw",
    "TRUNCATE TABLE findings",
    "DROP TABLE events",
    "DROP DATABASE keywatch",
    "CREATE TABLE mine (a Int8) ENGINE = Memory",
    "CREATE USER other",
    "GRANT ALL ON *.* TO reader",
    "SELECT * FROM meta",
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String')",
    "SELECT * FROM file('users.xml', 'LineAsString', 'a String')",
    "SET readonly = 0",
  ])("%s: refused", async (sql) => {
    const answer = await ask(sql);
    expect([answer.ok, await answer.text()]).toEqual([
      false,
      expect.stringMatching(/ACCESS_DENIED|READONLY|NOT_ENOUGH_PRIVILEGES/),
    ]);
  });

  test("a wrong password is refused", async () => {
    expect((await ask("SELECT 1", "guessed")).ok).toBe(false);
  });
});
