import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { ocsfActivity } from "../../schemas/ocsf/activity.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { type Door, openDoor, READ_TOKEN } from "../dashboard/door.ts";
import { tempFolder } from "../support.ts";
import { seededFleet } from "./fleet.ts";

const page = readFileSync(join(packageRoot, "docs", "queries.md"), "utf8");
const queries = [...page.matchAll(/```sql\n([\s\S]*?)\n```/g)].map((m) => m[1]!);

let app: App;
let door: Door;
beforeAll(async () => {
  app = await seededFleet(tempFolder());
  door = await openDoor(app.store);
}, 240_000);
afterAll(async () => {
  await door?.close();
  await app?.close();
});

const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
  const answer = await fetch(`${door.url}/clickhouse?default_format=JSONEachRow`, {
    method: "POST",
    body: sql,
    headers: { "x-clickhouse-key": READ_TOKEN },
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe("docs/queries.md", () => {
  test("has the queries", () => expect(queries.length).toBeGreaterThan(20));

  test.each(queries.map((q) => [q.split("\n").at(-1)!.slice(0, 90), q]))("… %s", async (_, query) => {
    const rows = await ask(query);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(Object.keys(row)).toEqual(Object.keys(rows[0]!));
  });

  test("names every view that there is, and no other", async () => {
    const views = (
      await app.store.rows(
        "SELECT name FROM system.tables WHERE engine = 'View' AND database = currentDatabase() AND name != 'outbox'",
      )
    ).map((r) => String(r.name));
    expect([...new Set(page.match(/`[vq]_\w+/g)!.map((w) => w.slice(1)))].sort()).toEqual(views.sort());
  });
});

describe("the views", () => {
  test("v_keys joins the inventory with what was seen, by fingerprint and by principal", async () => {
    const keys = new Map((await ask("SELECT * FROM v_keys")).map((k) => [String(k.name || k.key_hint), k]));
    expect(keys.get("billing-report-bot")).toMatchObject({
      declared: true,
      owner: "team-finance",
      provider: "aws_cloudtrail",
      key_uid: expect.stringMatching(/^aws_cloudtrail:/),
      last_seen: expect.stringMatching(/^20/),
    });
    expect(keys.get("web-app")).toMatchObject({
      declared: true,
      access: "write",
      last_seen: expect.stringMatching(/^20/),
    });
    expect(keys.get("spare")).toMatchObject({ declared: true, last_seen: null, first_seen: null });
    const [{ n: declared }] = (await ask("SELECT count() AS n FROM v_inventory")) as [{ n: number }];
    expect([...keys.values()].filter((k) => k.declared).length).toBe(declared);
    expect([...keys.values()].some((k) => !k.declared)).toBe(true);
  });

  test("rotation, unused permissions and unused keys say what was declared", async () => {
    expect(await ask("SELECT name, days_left FROM q_rotation_due(days = 30)")).toEqual([
      { name: "backup-cron", days_left: expect.toSatisfy((d: number) => d >= 9 && d <= 10) },
    ]);
    expect(await ask("SELECT name, unused FROM q_unused_permissions(days = 45)")).toEqual([
      { name: "backup-cron", unused: ["iam:CreateUser"] },
    ]);
    expect((await ask("SELECT name FROM q_unused_keys(days = 30) WHERE never_used")).map((r) => r.name)).toContain(
      "spare",
    );
  });

  test("OCSF as the view writes it is OCSF as the code writes it", async () => {
    const compact = (v: unknown): unknown =>
      Array.isArray(v)
        ? v.map(compact)
        : v !== null && typeof v === "object"
          ? Object.fromEntries(
              Object.entries(v)
                .map(([k, x]) => [k, compact(x)] as const)
                .filter(
                  ([, x]) =>
                    x !== null &&
                    !(typeof x === "object" && !Array.isArray(x) && Object.keys(x as object).length === 0),
                ),
            )
          : v;
    const rows = await ask(
      "SELECT * FROM v_ocsf_api_activity ORDER BY status_code IS NULL, time DESC, metadata.uid LIMIT 50",
    );
    const stored = await app.store.rows(
      "SELECT * REPLACE (toUnixTimestamp64Milli(time) AS time, toUnixTimestamp64Milli(ingested_at) AS ingested_at) FROM events FINAL ORDER BY error_code IS NULL, time DESC, event_uid LIMIT 50",
    );
    expect(rows.length).toBe(50);
    expect(stored.some((e) => e.error_code !== null) && stored.some((e) => e.country !== null)).toBe(true);
    for (const [i, row] of rows.entries()) {
      const code = JSON.parse(JSON.stringify(ocsfActivity(stored[i] as never))) as Record<string, unknown>;
      // What a view leaves out: the raw record, our own extras, the version of the program, the kind of the token.
      const {
        raw_data: _,
        unmapped: __,
        ...rest
      } = code as { api: { token?: unknown }; metadata: { product: { version?: string } } } & typeof code;
      delete rest.api.token;
      delete rest.metadata.product.version;
      const { resources, ...seen } = compact(row) as Record<string, unknown>;
      expect({ ...seen, ...((resources as unknown[]).length > 0 ? { resources } : {}) }).toEqual(compact(rest));
    }
  });

  test("a replay changes nothing that a view says", async () => {
    const VIEWS = [
      "v_api_activity",
      "v_findings",
      "v_incidents",
      "v_keys",
      "v_key_hourly",
      "v_deliveries",
      "v_ocsf_findings",
    ];
    const sums = async (): Promise<unknown> =>
      Promise.all(
        VIEWS.map(
          async (v) =>
            (await app.store.rows(`SELECT count() AS n, sum(cityHash64(toString(tuple(*)))) AS h FROM ${v}`))[0],
        ),
      );
    const before = await sums();
    for (const table of ["events", "findings", "incidents", "deliveries", "inventory_versions"])
      await app.store.command(`INSERT INTO ${table} SELECT * FROM ${table}`);
    expect(await sums()).toEqual(before);
    expect(await ask("SELECT * FROM q_denied_by_operation(days = 30)")).toBeTruthy();
  });
});
