import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpReceiver } from "../alert/receivers.ts";
import { cloudTrail } from "../records.ts";
import { tempFolder, until } from "../support.ts";
import { brokerMissing } from "./broker.ts";
import { type Cluster, type RoleProcess, startCluster } from "./cluster.ts";

const missing = brokerMissing();
const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;

describe.skipIf(missing !== null)(`health over Kafka${missing ? ` (skipped: ${missing})` : ""}`, () => {
  let cluster: Cluster;
  let receiver: Awaited<ReturnType<typeof httpReceiver>>;
  let web: RoleProcess;
  let judge: RoleProcess;
  let alerter: RoleProcess;

  beforeAll(async () => {
    receiver = await httpReceiver();
    receiver.script(...Array.from({ length: 50 }, () => "server_error" as const));
    const webhook = { kind: "webhook" as const, url: receiver.url, secrets: [secret], allow_private_addresses: true };
    cluster = await startCluster({
      folder: tempFolder(),
      partitions: 3,
      rawTopics: [{ topic: "cloudtrail", provider: "aws_cloudtrail" }],
      inventory: { keys: [{ name: "bot", provider: "aws_cloudtrail", id: "AKIAIOSFODNN7EXAMPLE", access: "read" }] },
      config: {
        receivers: [{ name: "team", channels: [webhook] }],
        route: { receiver: "team", group_wait: "0s", group_interval: "200ms" },
      },
    });
    [web, judge, alerter] = ["web", "ingest,detect,web", "alert,web"].map((roles) => cluster.start(roles)) as [
      RoleProcess,
      RoleProcess,
      RoleProcess,
    ];
    await until("the addresses", () => [web, judge, alerter].every((p) => addressOf(p) !== null), 90_000);
  }, 180_000);
  afterAll(async () => {
    await cluster?.stop();
    await receiver?.stop();
  });

  const addressOf = (role: RoleProcess): string | null => / at (http:\S+)/.exec(role.said())?.[1] ?? null;
  const answer = (role: RoleProcess, path: string) => fetch(`${addressOf(role)}${path}`);
  /** What one process shows of our own metrics, by series. */
  async function metricsOf(role: RoleProcess): Promise<Map<string, number>> {
    const lines = (await (await answer(role, "/metrics")).text()).split("\n").filter((l) => l.startsWith("keywatch_"));
    return new Map(lines.map((l) => [l.slice(0, l.lastIndexOf(" ")), Number(l.slice(l.lastIndexOf(" ")))]));
  }

  test("a push is counted where it came in, and each process shows what it knows and nothing else", async () => {
    const write = cloudTrail({ eventName: "PutObject", readOnly: false });
    const pushed = await fetch(`${addressOf(web)}/v1/ingest/aws_cloudtrail`, {
      method: "POST",
      body: `${JSON.stringify(write)}\nnonsense`,
    });
    expect(pushed.status).toBe(200);
    await until("a refused message", () => receiver.requests.length > 1, 60_000);
    await until("its age", async () => ((await metricsOf(alerter)).get("keywatch_outbox_oldest_seconds") ?? 0) > 0);
    const [atWeb, atJudge, atAlerter] = await Promise.all([web, judge, alerter].map(metricsOf));
    expect(atWeb!.get('keywatch_events_total{source="http",provider="aws_cloudtrail"}')).toBe(1);
    expect(atWeb!.get('keywatch_bytes_total{source="http",provider="aws_cloudtrail"}')).toBeGreaterThan(100);
    expect(atWeb!.get('keywatch_records_total{outcome="stored",reason=""}')).toBe(1);
    expect([...atWeb!.keys()].filter((k) => k.includes('outcome="dead_letter"'))).toHaveLength(1);
    expect(atJudge!.get("keywatch_profiles")).toBe(1);
    expect(atAlerter!.get("keywatch_outbox_messages")).toBe(1);
    const shows = (metrics: Map<string, number>) =>
      ["events_above_checkpoint", "deferred_events", "profiles", "outbox_messages", "outbox_oldest_seconds"].filter(
        (name) => metrics.has(`keywatch_${name}`),
      );
    expect(shows(atWeb!)).toEqual([]);
    expect(shows(atJudge!)).toEqual(["events_above_checkpoint", "deferred_events", "profiles"]);
    expect(shows(atAlerter!)).toEqual(["outbox_messages", "outbox_oldest_seconds"]);
    for (const metrics of [atWeb!, atJudge!, atAlerter!]) {
      expect(metrics.get("keywatch_readings_up")).toBe(1);
      expect(metrics.get('keywatch_provider_lag_seconds{provider="aws_cloudtrail"}')).toBeGreaterThan(0);
    }
  });

  test("a partition that moved away takes its lag along", async () => {
    const partitionsOf = async (role: RoleProcess) =>
      [...(await metricsOf(role)).keys()].filter((k) =>
        k.startsWith('keywatch_source_lag_records{source="keywatch.events"'),
      );
    await until("the lag of three partitions", async () => (await partitionsOf(judge)).length === 3);
    const other = cluster.start("detect,web");
    await until("its lag", async () => addressOf(other) !== null && (await partitionsOf(other)).length > 0, 60_000);
    await until("the others gone", async () => {
      const [here, there] = await Promise.all([partitionsOf(judge), partitionsOf(other)]);
      return here.length + there.length === 3;
    });
    await other.kill("SIGTERM");
  });
});
