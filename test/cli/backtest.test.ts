import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storeCommands } from "../../cli/commands/store_commands.ts";
import { ABROAD, at, call, office } from "../scenarios/play.ts";
import { type Bench, openBench } from "./keys_store.ts";

const NOW = at(44);
const receivers = [
  { name: "team", channels: [{ kind: "console" as const }] },
  {
    name: "on-call",
    channels: [
      {
        kind: "webhook" as const,
        url: "https://hooks.example.com/x",
        secrets: [`whsec_${Buffer.from("a-signing-key-that-is-long-enough").toString("base64")}`],
      },
    ],
  },
];
const settings = {
  receivers,
  route: {
    receiver: "team",
    group_wait: "30s",
    routes: [{ matchers: ['severity=~"high|critical"'], receiver: "on-call" }],
  },
};
let bench: Bench;

beforeAll(async () => {
  bench = await openBench(NOW, settings as never);
  await bench.ingest([
    ...office(44),
    ...office(44, { user: "other" }),
    ...["iam:ListUsers", "iam:CreateAccessKey"].map((o, i) => call(at(42, 10, 31 + i), o, { from: ABROAD })),
  ]);
}, 120_000);
afterAll(() => bench.close());

const run = (args: object) => bench.run(storeCommands.backtest!, { ...args });
const json = (lines: string[]) => lines.map((l) => JSON.parse(l) as Record<string, unknown>);
const span = { from: new Date(at(40)).toISOString(), to: new Date(at(43)).toISOString() };

/** Everything that the store holds, table by table, and the databases that there are. */
async function contents(): Promise<unknown> {
  const { store } = bench.app;
  const tables = await store.rows(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'View' ORDER BY name",
  );
  const sums: unknown[] = [];
  for (const { name } of tables)
    sums.push([name, await store.rows(`SELECT count() AS n, sum(cityHash64(tuple(*))) AS h FROM ${String(name)}`)]);
  return [sums, await store.rows("SELECT name FROM system.databases ORDER BY name")];
}

describe("backtest", () => {
  test("says who would have been told what and when, twice the same, and touches nothing", async () => {
    const before = await contents();
    const first = await run({ ...span, json: true });
    const second = await run({ ...span, json: true });
    expect(first.lines).toEqual(second.lines);
    expect(await contents()).toEqual(before);
    const notices = json(first.lines).filter((l) => l.kind === "notice");
    // The first call opens it, the second makes it high; each time half a minute of waiting, and the message leaves.
    expect(notices.slice(0, 3).map((n) => [n.receiver, n.channel, n.severity, n.kinds, n.at])).toEqual([
      ["team", "console", "medium", ["opened"], new Date(at(42, 10, 31) + 30_000).toISOString()],
      ["team", "console", "high", ["escalated"], new Date(at(42, 10, 32)).toISOString()],
      ["on-call", "webhook", "high", ["escalated"], new Date(at(42, 10, 32) + 30_000).toISOString()],
    ]);
    expect(json(first.lines).at(-1)).toMatchObject({ kind: "summary", incidents: 1 });
  }, 120_000);

  test("what lies outside of the span is learned from and not told", async () => {
    const { lines } = await run({
      from: new Date(at(20)).toISOString(),
      to: new Date(at(42)).toISOString(),
      json: true,
    });
    expect(json(lines)).toEqual([expect.objectContaining({ kind: "summary", notices: 0 })]);
  }, 60_000);

  test("another config changes what is told, and to whom", async () => {
    const other = join(bench.directory, "other.yaml");
    writeFileSync(
      other,
      JSON.stringify({
        ...settings,
        route: { receiver: "team", group_wait: "30s" },
        detect: { detections: { new_operation: { enabled: false } } },
      }),
    );
    const { lines } = await run({ ...span, diff: other, json: true });
    const changes = json(lines).filter((l) => l.change !== undefined);
    expect(changes).toContainEqual(expect.objectContaining({ kind: "notice", change: "removed", receiver: "on-call" }));
    expect(changes).toContainEqual(
      expect.objectContaining({ kind: "finding", change: "removed", detection: "new_operation" }),
    );
    const words = await run({ ...span, diff: other });
    expect(words.lines.join("\n")).toMatch(/With the other config \d+ messages come, [1-9]\d* go/);
  }, 120_000);

  test("wrong times are told with the mend", async () => {
    await expect(run({ from: "yesterday" })).rejects.toThrow(/--from takes a date/);
    await expect(run({ from: span.to, to: span.from })).rejects.toThrow(/has to lie before/);
    expect(readdirSync(bench.directory).length).toBeGreaterThan(0);
  });
});
