import { describe, expect, test } from "vitest";
import { clusterStatements } from "../../schemas/store/cluster.ts";
import { migrations, statements } from "../../schemas/store/migrate.ts";

const cluster = {
  name: "main",
  keeper_path: "/clickhouse/tables/{shard}",
  write_quorum: "auto",
  database: "keywatch",
} as const;
const of = (sql: string): string[] => clusterStatements(sql, cluster);

describe("a statement for one server becomes those for a cluster", () => {
  test("a table is replicated within its shard, and Distributed by the column that its copies share", () => {
    expect(
      of(`CREATE TABLE IF NOT EXISTS events (principal_uid String, v UInt64)
ENGINE = ReplacingMergeTree(v) PARTITION BY v % 7
ORDER BY (principal_uid, v) TTL now() + INTERVAL 1 DAY`),
    ).toEqual([
      `CREATE TABLE IF NOT EXISTS events_local ON CLUSTER main (principal_uid String, v UInt64)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/keywatch/events', '{replica}', v) PARTITION BY v % 7
ORDER BY (principal_uid, v) TTL now() + INTERVAL 1 DAY`,
      `CREATE TABLE IF NOT EXISTS events ON CLUSTER main AS events_local
ENGINE = Distributed('main', 'keywatch', 'events_local', cityHash64(principal_uid))`,
    ]);
  });

  const LOCAL = "ALTER TABLE events_local ON CLUSTER main";
  test.each([
    [
      "an engine without arguments",
      "CREATE TABLE IF NOT EXISTS a (b Int8) ENGINE = MergeTree ORDER BY b",
      [
        "CREATE TABLE IF NOT EXISTS a_local ON CLUSTER main (b Int8) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/keywatch/a', '{replica}') ORDER BY b",
        "CREATE TABLE IF NOT EXISTS a ON CLUSTER main AS a_local\nENGINE = Distributed('main', 'keywatch', 'a_local', cityHash64(b))",
      ],
    ],
    [
      "a new column is one of both tables",
      "ALTER TABLE events ADD COLUMN IF NOT EXISTS x String",
      [
        `${LOCAL} ADD COLUMN IF NOT EXISTS x String`,
        "ALTER TABLE events ON CLUSTER main ADD COLUMN IF NOT EXISTS x String",
      ],
    ],
    [
      "a TTL is one of the rows",
      "ALTER TABLE events MODIFY TTL t + INTERVAL 1 DAY",
      [`${LOCAL} MODIFY TTL t + INTERVAL 1 DAY`],
    ],
    [
      "so is the TTL of a column",
      "ALTER TABLE events MODIFY COLUMN raw String TTL t + INTERVAL 1 DAY",
      [`${LOCAL} MODIFY COLUMN raw String TTL t + INTERVAL 1 DAY`],
    ],
    [
      "an index is one of the parts",
      "ALTER TABLE events ADD INDEX IF NOT EXISTS i x TYPE minmax",
      [`${LOCAL} ADD INDEX IF NOT EXISTS i x TYPE minmax`],
    ],
    [
      "a mutation works where rows lie",
      "ALTER TABLE events DELETE WHERE principal_uid = {p:String}",
      [`${LOCAL} DELETE WHERE principal_uid = {p:String}`],
    ],
    [
      "so does a delete",
      "DELETE FROM profiles WHERE generation > 3",
      ["DELETE FROM profiles_local ON CLUSTER main WHERE generation > 3"],
    ],
    ["a merge", "OPTIMIZE TABLE events FINAL", ["OPTIMIZE TABLE events_local ON CLUSTER main FINAL"]],
    [
      "a dropped table goes twice",
      "DROP TABLE IF EXISTS events",
      ["DROP TABLE IF EXISTS events ON CLUSTER main", "DROP TABLE IF EXISTS events_local ON CLUSTER main"],
    ],
    [
      "a view",
      "CREATE VIEW IF NOT EXISTS v AS SELECT * FROM events FINAL",
      ["CREATE VIEW IF NOT EXISTS v ON CLUSTER main AS SELECT * FROM events FINAL"],
    ],
    [
      "the database",
      "CREATE DATABASE IF NOT EXISTS keywatch",
      ["CREATE DATABASE IF NOT EXISTS keywatch ON CLUSTER main"],
    ],
    ["what reads or writes rows stays", "SELECT 1 FROM events FINAL;", ["SELECT 1 FROM events FINAL"]],
  ])("%s", (_, sql, wanted) => {
    expect(of(sql)).toEqual(wanted);
  });

  test.each([
    "CREATE MATERIALIZED VIEW IF NOT EXISTS v TO t AS SELECT 1",
    "RENAME TABLE a TO b",
    "CREATE TABLE a (b Int8) ENGINE = MergeTree ORDER BY b",
    "CREATE TABLE IF NOT EXISTS a (b Int8) ENGINE = Memory",
    "CREATE TABLE IF NOT EXISTS a (b Int8) ENGINE = MergeTree ORDER BY tuple()",
  ])("%s is refused, not guessed", (sql) => {
    expect(() => of(sql)).toThrow();
  });
});

test("what feeds a table does so shard by shard", () => {
  expect(of("CREATE MATERIALIZED VIEW IF NOT EXISTS v TO t AS SELECT a FROM events AS e GROUP BY a")).toEqual([
    "CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER main TO t_local AS SELECT a FROM events_local AS e GROUP BY a",
  ]);
});

describe("the numbered files", () => {
  const all = migrations().flatMap((m) => statements(m.sql).map((sql) => [m.name, sql] as const));

  test("each statement can be run again, so that several processes may migrate at once", () => {
    const strays = all.filter(
      ([, sql]) =>
        // What fills `sightings` may be said twice: it holds minima, maxima and any. A projection is made where a part lacks it.
        !/^CREATE (TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS |^INSERT INTO sightings\s|^DROP (TABLE|VIEW) IF EXISTS |^ALTER TABLE \w+ (ADD (COLUMN|INDEX|PROJECTION) IF NOT EXISTS|DROP (COLUMN|INDEX) IF EXISTS|MODIFY|MATERIALIZE PROJECTION) /.test(
          sql,
        ),
    );
    expect(strays).toEqual([]);
  });

  test("each has a cluster form, and no table is placed by a column that its copies do not share", () => {
    for (const [, sql] of all) {
      const made = of(sql);
      if (sql.startsWith("CREATE TABLE")) expect(made).toHaveLength(2);
      expect(made.every((s) => s.includes("ON CLUSTER main") || s.startsWith("INSERT "))).toBe(true);
    }
    const keyOf = Object.fromEntries(
      all
        .flatMap(([, sql]) => of(sql))
        .flatMap((s) => {
          const m = /'(\w+)_local', cityHash64\((\w+)\)/.exec(s);
          return m ? [[m[1]!, m[2]!]] : [];
        }),
    );
    expect(keyOf).toMatchObject({
      events: "principal_uid",
      sightings: "principal_uid",
      profiles: "subject_uid",
      findings: "uid",
      transitions: "subject_uid",
    });
  });
});
