import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { config } from "../../schemas/config.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import type { Store } from "../../schemas/store/store.ts";
import { tempFolder } from "../support.ts";
import { type Door, openDoor, READ_TOKEN } from "./door.ts";

let store: Store;
let door: Door;
const folder = tempFolder();
const secret = join(folder, "pepper");
const out = join(folder, "out");

beforeAll(async () => {
  store = await connectEmbedded(join(folder, "data"));
  await migrate(store, config.parse({}));
  await store.insert("meta", [{ name: "pepper_check", value: "hold-me", updated_at: "2026-06-01T00:00:00.000Z" }]);
  writeFileSync(secret, "the-pepper,second\n");
  door = await openDoor(store);
});
afterAll(async () => {
  await door.close();
  await store.close();
});

const ask = async (sql: string, query = ""): Promise<{ code: string | null; text: string }> => {
  const answer = await fetch(`${door.url}/clickhouse${query}`, {
    method: "POST",
    body: sql.replaceAll("$SECRET", secret).replaceAll("$OUT", out),
    headers: { "x-clickhouse-key": READ_TOKEN },
  });
  return { code: answer.headers.get("x-clickhouse-exception-code"), text: await answer.text() };
};

/** What must be the same after every statement. */
const state = async (): Promise<unknown> => ({
  tables: await store.rows(
    "SELECT name, engine, create_table_query, total_rows FROM system.tables WHERE database = currentDatabase() ORDER BY name",
  ),
  functions: await store.rows("SELECT count() AS n FROM system.functions"),
  databases: await store.rows("SELECT name FROM system.databases ORDER BY name"),
  meta: await store.rows("SELECT * FROM meta ORDER BY name"),
  setting: await store.rows(
    "SELECT getSetting('readonly') AS r, getSetting('max_threads') AS t, getSetting('max_execution_time') AS e",
  ),
  files: [existsSync(out), readdirSync(folder).sort()],
});

const READONLY = "164";
const DENIED = "497";
const SYNTAX = "62";

const HOSTILE: [code: string, sql: string, query?: string][] = [
  // Writing and changing.
  [READONLY, "INSERT INTO meta VALUES ('a', 'b', now())"],
  [READONLY, "INSERT INTO FUNCTION file('$OUT', 'TSV', 'a Int8') VALUES (1)"],
  [READONLY, "CREATE TABLE t (a Int8) ENGINE = Memory"],
  [READONLY, "CREATE TEMPORARY TABLE t (a Int8)"],
  [READONLY, "CREATE VIEW v AS SELECT 1"],
  [READONLY, "CREATE FUNCTION f AS (x) -> x"],
  [READONLY, "CREATE USER eve IDENTIFIED BY 'x'"],
  [READONLY, "DROP TABLE events"],
  [READONLY, "TRUNCATE TABLE events"],
  [READONLY, "ALTER TABLE events DELETE WHERE 1"],
  [READONLY, "DELETE FROM meta WHERE 1"],
  [READONLY, "UPDATE meta SET value = 'x' WHERE 1"],
  [READONLY, "OPTIMIZE TABLE events FINAL"],
  [READONLY, "RENAME TABLE events TO gone"],
  [READONLY, "EXCHANGE TABLES events AND findings"],
  [READONLY, "ATTACH TABLE events"],
  [READONLY, "DETACH TABLE events"],
  [READONLY, "GRANT ALL ON *.* TO default"],
  [READONLY, "SYSTEM SHUTDOWN"],
  [READONLY, "SYSTEM STOP MERGES"],
  [READONLY, "KILL QUERY WHERE 1"],
  [READONLY, "BACKUP TABLE events TO File('$OUT')"],
  [READONLY, "RESTORE TABLE events FROM File('$OUT')"],
  [READONLY, "USE system"],
  // Lifting limits.
  [READONLY, "SET readonly = 0"],
  [READONLY, "SET max_threads = 64"],
  [READONLY, "SELECT 1 SETTINGS max_execution_time = 0"],
  [READONLY, "SELECT 1 SETTINGS readonly = 0, max_memory_usage = 0"],
  [READONLY, "SELECT * FROM (SELECT 1 SETTINGS max_threads = 64)"],
  [READONLY, "SELECT 1 FORMAT TSV SETTINGS output_format_schema = '$OUT'"],
  [READONLY, "SELECT 1", "?allow_ddl=1"],
  [READONLY, "SELECT 1", "?output_format_schema=x"],
  [READONLY, "SELECT 1", "?format_template_row=x"],
  ["73", "SELECT 1 FORMAT Template"],
  // Two statements, and statements that hide.
  [SYNTAX, "SELECT 1; DROP TABLE events"],
  [SYNTAX, "SELECT 1;SET readonly = 0"],
  [SYNTAX, "SELECT $a$';$a$; DROP TABLE events"],
  [SYNTAX, "SELECT x'27'; DROP TABLE events --'"],
  [READONLY, "/* SELECT */ DROP TABLE events"],
  [SYNTAX, "SELECT 1 /* a /* b */ INTO OUTFILE '$OUT' /* */ */"],
  [SYNTAX, "SELECT `fi\\x6ce`('$SECRET')"],
  [SYNTAX, "SELECT ‘'’ , file('$SECRET')"],
  // Files.
  [READONLY, "SELECT 1 INTO OUTFILE '$OUT'"],
  [READONLY, "SELECT 1 INTO/**/OUTFILE '$OUT' FORMAT CSV"],
  [READONLY, "EXPLAIN SELECT 1 INTO OUTFILE '$OUT'"],
  [DENIED, "SELECT file('$SECRET')"],
  [DENIED, "SELECT FILE ('$SECRET')"],
  [DENIED, "SELECT `file`('$SECRET')"],
  [DENIED, "SELECT file/* */('$SECRET')"],
  [DENIED, "SELECT * APPLY file FROM (SELECT '$SECRET' AS p)"],
  [DENIED, "SELECT {f:Identifier}('$SECRET')", "?param_f=file"],
  [DENIED, "SELECT * FROM file('$SECRET', 'LineAsString')"],
  [DENIED, "DESCRIBE TABLE file('$SECRET', 'CSVWithNames')"],
  [DENIED, "DESCRIBE TABLE `$SECRET`"],
  [DENIED, "DESCRIBE '$SECRET'"],
  [READONLY, "SELECT * FROM `$SECRET`"],
  [READONLY, "SELECT * FROM filesystem('/etc')"],
  [DENIED, "SELECT catboostEvaluate('$SECRET', 1)"],
  [READONLY, "SELECT * FROM sqlite('$SECRET', 't')"],
  // The network.
  [READONLY, "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')"],
  [DENIED, "DESCRIBE TABLE url('http://127.0.0.1:1/')"],
  [READONLY, "SELECT * FROM remote('127.0.0.1:1', system.one)"],
  [READONLY, "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'TSV')"],
  [READONLY, "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')"],
  [READONLY, "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')"],
  [READONLY, "SELECT * FROM cluster('main', system.one)"],
  [DENIED, "SELECT hasColumnInTable('127.0.0.1:1', 'u', 'p', 'd', 't', 'c')"],
  [DENIED, "SELECT reverseDNSQuery('203.0.113.1')"],
  [DENIED, "SELECT aiGenerate('x')"],
  // Programs, waiting, the machine.
  [READONLY, "SELECT * FROM executable('id', 'TSV', 'a String')"],
  [DENIED, "SELECT sleep(3)"],
  [DENIED, "SELECT sleepEachRow(1) FROM numbers(100)"],
  [DENIED, "SELECT hostName()"],
  [DENIED, "SELECT filesystemAvailable()"],
  [DENIED, "SELECT dictGet('d', 'a', 1)"],
  [DENIED, "SELECT logTrace('x')"],
  // What the engine knows of itself and of others.
  [DENIED, "SELECT query FROM system.processes"],
  [DENIED, "SELECT * FROM `system` . `settings`"],
  [DENIED, "SELECT * FROM {d:Identifier}.processes", "?param_d=system"],
  [DENIED, "SELECT * FROM system.disks"],
  [DENIED, "SELECT * FROM system.server_settings"],
  [DENIED, "SELECT * FROM system.named_collections"],
  [DENIED, "SELECT * FROM system.users"],
  [READONLY, "SELECT * FROM merge('system', '^processes$')"],
  [READONLY, "SELECT * FROM loop('default', 'meta')"],
  [DENIED, "SELECT 1 WHERE 1 IN (SELECT 1 FROM system.query_log)"],
  [DENIED, "SELECT value FROM meta"],
  [DENIED, "SELECT value FROM default.`meta` FINAL"],
  [DENIED, "SHOW PROCESSLIST"],
  [DENIED, "SHOW GRANTS"],
  [DENIED, "SHOW SETTINGS LIKE 'max%'"],
  ["81", "SELECT query FROM processes", "?database=system"],
];

test(`${HOSTILE.length} hostile statements are refused with their code, and nothing changes`, async () => {
  const before = await state();
  const answers: unknown[] = [];
  for (const [, sql, query] of HOSTILE) {
    const { code, text } = await ask(sql, query);
    answers.push([code, sql]);
    expect(text).not.toMatch(/the-pepper|hold-me/);
  }
  expect(answers).toEqual(HOSTILE.map(([code, sql]) => [code, sql]));
  expect(await state()).toEqual(before);
});

test("what reads is let through, however it is written", async () => {
  for (const sql of [
    "SELECT 'file(' , \"url\" FROM (SELECT 'SELECT 1; DROP TABLE events' AS url) -- file('x')",
    'select 1 /* sleep(1) */ as "a;b";',
    "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "SELECT 'it''s', 'a\\'b; DROP', `a``b` FROM (SELECT 1 AS `a``b`)",
    "SELECT * FROM numbers(3) WHERE number IN (1, 2)",
    "SHOW TABLES",
    "SHOW CREATE TABLE events",
    "DESCRIBE TABLE events",
    "EXISTS TABLE events",
    "EXPLAIN SELECT count() FROM events",
    "SELECT name, engine FROM system.tables WHERE database = 'default'",
    "SELECT table_name FROM information_schema.tables LIMIT 1",
    "SELECT arrayMap(x -> x + 1, [1, 2]), map('a', 1)['a'], 1 ? 2 : 3",
  ]) {
    expect([(await ask(sql)).code, sql]).toEqual([null, sql]);
  }
});

test("every function that the engine counts as neither pure nor its own was looked at", async () => {
  // A new engine that brings new names here fails this test: judge them in dashboard/clickhouse/rules.ts, then put them below.
  const [row] = await store.rows(
    "SELECT arraySort(groupArray(name)) AS names FROM system.functions WHERE categories = 'Other' AND NOT is_aggregate AND alias_to = ''",
  );
  expect((row!.names as string[]).join(" ")).toMatchSnapshot();
});
