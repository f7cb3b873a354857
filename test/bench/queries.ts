/* npm run bench:queries [-- events [folder to keep and use again]]: what the dashboards and docs/queries.md ask, over so many stored events (10 million), behind the door's limits. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { engineSettings } from "../../dashboard/clickhouse/limits.ts";
import { config } from "../../schemas/config.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import type { Store } from "../../schemas/store/store.ts";
import { expand, panels } from "../dashboard/boards.ts";
import { filled } from "./filled.ts";

const ROUNDS = 9;
/** A question that is slow is not asked as often: no longer than this, ms. */
const ENOUGH_MS = 15_000;
const LIMIT_MS = 1_000;
const DAY_MS = 86_400_000;

const place = await filled();
const store = await connectEmbedded(place.path);
try {
  const parsed = config.parse({});
  await store.insert("inventory_versions", [inventory()]);
  const rows: { name: string; p50: number; p95: number }[] = [];
  for (const [name, sql] of questions())
    rows.push({ name, ...(await measure(store, sql, engineSettings(parsed.http.clickhouse))) });
  rows.sort((a, b) => b.p95 - a.p95);
  for (const r of rows)
    console.log(`${r.p50.toFixed(0).padStart(6)} ms  ${r.p95.toFixed(0).padStart(6)} ms  ${r.name}`);
  const slow = rows.filter((r) => r.p95 >= LIMIT_MS);
  console.log(
    `p50, p95 of up to ${ROUNDS} rounds each; ${slow.length} of ${rows.length} questions at or over ${LIMIT_MS} ms`,
  );
} finally {
  await store.close();
  place.end();
}

/** Panels over the 7 days that the dashboards open with; the cookbook as it stands. */
function questions(): (readonly [string, string])[] {
  const now = Date.now();
  const page = readFileSync(join(packageRoot, "docs", "queries.md"), "utf8");
  const asked = (sql: string): string =>
    sql.replaceAll("billing-report-bot", "bot-7").replaceAll("203.0.113.0/24", "203.1.101.0/24");
  return [
    ...panels.flatMap(([name, p]) =>
      p.targets.map((t) => [name, asked(expand(t.rawSql, now - 7 * DAY_MS, now))] as const),
    ),
    ...[...page.matchAll(/```sql\n([\s\S]*?)\n```/g)].map(
      (m) => [`cookbook: ${m[1]!.replace(/\s+/g, " ").slice(0, 80)}`, asked(m[1]!)] as const,
    ),
  ];
}

async function measure(
  from: Store,
  sql: string,
  settings: Record<string, string | number>,
): Promise<{ p50: number; p95: number }> {
  const times: number[] = [];
  const began = performance.now();
  for (let i = 0; i < ROUNDS && (i < 2 || performance.now() - began < ENOUGH_MS); i++) {
    const reading = await from.openReading!({ settings, params: {} });
    const start = performance.now();
    try {
      await reading.whole(sql, "Native");
    } catch (error) {
      console.log(`${String((error as Error).message).slice(0, 200)}\n  ${sql}`);
      return { p50: Number.POSITIVE_INFINITY, p95: Number.POSITIVE_INFINITY };
    } finally {
      times.push(performance.now() - start);
      await reading.close();
    }
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)]!;
  return { p50: at(0.5), p95: at(0.95) };
}

function inventory(): object {
  const keys = Array.from({ length: 100 }, (_, i) => ({
    name: i === 7 ? "bot-7" : `declared-${i}`,
    provider: "aws_cloudtrail",
    principal: `bot-${i}`,
    owner: `team-${i % 9}`,
    granted: ["s3:*", "iam:CreateUser"],
    rotation: { max_age: "90d", created_at: "2026-01-01" },
  }));
  const at = "2026-01-01T00:00:00.000Z";
  return { effective_at: at, updated_at: at, checksum: "bench", document: JSON.stringify({ keys }) };
}
