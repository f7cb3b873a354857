import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWriter } from "../../ingest/writer.ts";
import { config } from "../../schemas/config.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { connectServer } from "../../schemas/store/server.ts";
import type { Store } from "../../schemas/store/store.ts";
import { startDdlFront } from "../clickhouse/ddl_front.ts";
import { type Node, noServer, startServers, user } from "../clickhouse/server.ts";
import { normalized } from "../normalized.ts";
import { cloudTrail } from "../records.ts";
import { tempFolder } from "../support.ts";

const QUESTIONS = [
  "v_api_activity",
  "v_findings",
  "v_incidents",
  "v_inventory",
  "v_keys",
  "v_key_hourly",
  "v_sources",
  "v_deliveries",
  "v_ocsf_api_activity",
  "v_ocsf_findings",
  "q_key_calls(key = 'bot')",
  "q_key_activity(key = 'bot', days = 30000)",
  "q_address_users(address = '203.0.113.7', days = 30000)",
  "q_new_countries(days = 30000)",
  "q_denied_by_operation(days = 30000)",
  "q_unused_keys(days = 3)",
  "q_unused_permissions(days = 30000)",
  "q_rotation_due(days = 30)",
];
/** What tells of the moment it was asked, or written. */
const PASSING = new Set(["silent_seconds", "ingested_at", "last_arrival", "lag_seconds", "days_left", "metadata"]);

const caller = (n: number): object => ({
  type: "IAMUser",
  principalId: `AIDA${n}`,
  arn: `arn:aws:iam::111122223333:user/bot-${n}`,
  accountId: "111122223333",
  accessKeyId: `AKIAIOSFODNN7EX${String(n).padStart(5, "0")}`,
  userName: `bot-${n}`,
});
const calls = Array.from({ length: 60 }, (_, i) =>
  cloudTrail({
    eventID: `event-${i}`,
    eventTime: `2026-06-${String(1 + (i % 20)).padStart(2, "0")}T10:00:00Z`,
    userIdentity: caller(i % 12),
    sourceIPAddress: i % 3 ? "203.0.113.7" : "8.8.8.8",
    ...(i % 5 ? {} : { errorCode: "AccessDenied" }),
  }),
);
const DOCUMENT = {
  keys: [
    {
      name: "bot",
      provider: "aws_cloudtrail",
      principal: "arn:aws:iam::111122223333:user/bot-1",
      owner: "team",
      granted: ["s3:*", "iam:CreateUser"],
      rotation: { max_age: "90d", created_at: "2026-01-01" },
    },
    { name: "spare", provider: "aws_cloudtrail", fingerprint: "00".repeat(16) },
  ],
};

async function fill(store: Store): Promise<void> {
  const writer = await createWriter(store);
  await writer.add(await normalized(calls));
  await writer.flush();
  await store.insert("inventory_versions", [
    {
      effective_at: "2026-01-01T00:00:00.000Z",
      checksum: "c",
      document: JSON.stringify(DOCUMENT),
      updated_at: "2026-01-01T00:00:00.000Z",
    },
  ]);
}

async function answers(store: Store): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const question of QUESTIONS) {
    const rows = await store.rows(`SELECT * FROM ${question}`);
    const kept = rows.map((r) =>
      JSON.stringify(Object.fromEntries(Object.entries(r).filter(([k]) => !PASSING.has(k)))),
    );
    found[question] = kept.sort();
  }
  return found;
}

describe("every view and question", () => {
  let embedded: Record<string, unknown>;
  beforeAll(async () => {
    const store = await connectEmbedded(tempFolder());
    await migrate(store, config.parse({}));
    await fill(store);
    embedded = await answers(store);
    await store.close();
  }, 120_000);

  test("answers on the embedded store", () => {
    expect(Object.values(embedded).filter((rows) => (rows as unknown[]).length > 0).length).toBeGreaterThan(10);
  });

  describe.skipIf(noServer !== null)(`on servers${noServer ? ` (${noServer})` : ""}`, () => {
    let nodes: Node[] = [];
    afterAll(async () => {
      await Promise.all(nodes.map((n) => n.stop()));
    });

    test("a ClickHouse server, and a cluster of two shards, say the same", async () => {
      nodes = await startServers(join(tempFolder(), "nodes"), 2);
      const at = (url: string, over: object) => config.parse({ store: { url, ...user, retry_for: "20s", ...over } });
      const single = at(nodes[0]!.url, { database: "single" });
      const one = await connectServer(single.store);
      await migrate(one, single);
      await fill(one);
      expect(await answers(one)).toEqual(embedded);
      await one.close();

      const front = await startDdlFront(nodes);
      const clustered = at(front.url, { cluster: { name: "main", write_quorum: 1 } });
      const many = await connectServer(clustered.store);
      await migrate(many, clustered);
      await fill(many);
      expect(await answers(many)).toEqual(embedded);
      await many.close();
      front.server.close();
    }, 240_000);
  });
});
