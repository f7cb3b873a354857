import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { watchBrokers } from "../../ingest/kafka/answers.ts";
import { kafkaConfig } from "../../schemas/config_kafka.ts";
import { httpReceiver } from "../alert/receivers.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder, until } from "../support.ts";
import { brokerMissing } from "./broker.ts";
import { type Cluster, PEPPER, type RoleProcess, startCluster } from "./cluster.ts";

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

  interface Line {
    state: string;
    check: string;
    says: string;
    mend: string | null;
  }
  async function doctor() {
    const begun = performance.now();
    const ran = await keywatch(["--config", cluster.config, "doctor", "--json"], { env: { KEYWATCH_PEPPER: PEPPER } });
    const lines = ran.stdout
      .split("\n")
      .filter((text) => text.startsWith("{"))
      .map((text) => JSON.parse(text) as Line);
    return {
      code: ran.code,
      seconds: (performance.now() - begun) / 1000,
      lines,
      line: (check: string) => lines.find((l) => l.check === check),
    };
  }

  test("doctor: brokers, topics with their copies, who works and how far behind, store and channels", async () => {
    await cluster.caughtUp("keywatch.detect", "keywatch.events");
    const { line, lines, code } = await doctor();
    expect([lines.filter((l) => l.state === "fail"), code]).toEqual([[], 0]);
    expect(line(`kafka broker ${cluster.broker.address}`)).toMatchObject({ state: "ok" });
    expect(line("kafka cluster")).toMatchObject({ state: "ok", says: expect.stringContaining("1 broker") });
    expect(line("kafka topic keywatch.events")).toMatchObject({
      state: "warn",
      says: "3 partitions, 1 copy of each, min.insync.replicas 1",
      mend: expect.stringContaining("broker"),
    });
    for (const name of ["signals", "findings", "commands", "dead_letter"])
      expect(line(`kafka topic keywatch.${name}`)?.says).toContain("1 copy");
    expect(line("kafka topic cloudtrail")?.says).toContain("1 partition, 1 copy");
    expect(line("kafka role ingest")).toMatchObject({ state: "ok", says: "1 process; cloudtrail: 0 messages wait" });
    expect(line("kafka role detect")?.says).toMatch(/^1 process; keywatch.events: 0 messages wait/);
    expect(line("kafka role alert")?.says).toMatch(/^1 process, of which 1 is active/);
    for (const check of ["store", "clock", "pepper", "events", "channel team/webhook"])
      expect([check, line(check)?.state]).toEqual([check, "ok"]);
    expect(line("detection")).toBeUndefined();
    // A typing mistake in the name of a topic, and nobody who alerts.
    const good = readFileSync(cluster.config, "utf8");
    const two = good.replace('"brokers":[', '"brokers":["127.0.0.1:9",');
    writeFileSync(cluster.config, two.replace('"topic":"cloudtrail"', '"topic":"claudtrail"'));
    await alerter.kill("SIGTERM");
    const wrong = await doctor();
    writeFileSync(cluster.config, good);
    expect(wrong.code).toBe(1);
    expect(wrong.line("kafka broker 127.0.0.1:9")).toMatchObject({ state: "warn" });
    expect(wrong.line("kafka topic claudtrail")).toMatchObject({ state: "fail" });
    expect(wrong.line("kafka role alert")).toMatchObject({ state: "fail", says: expect.stringMatching(/^no process/) });
    expect(wrong.line("store")?.state).toBe("ok");
  });

  test("one broker of two that is away does not take readiness along", async () => {
    const brokers = watchBrokers(
      kafkaConfig.parse({ brokers: ["127.0.0.1:9", cluster.broker.address] }),
      "keywatch.events",
    );
    expect([await brokers.answers(), await brokers.answers()]).toEqual([true, true]);
    brokers.close();
    // One that hangs takes connections, and that is no answer.
    const mute = createServer();
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const { port } = mute.address() as AddressInfo;
    const hanging = watchBrokers(kafkaConfig.parse({ brokers: [`127.0.0.1:${port}`] }), "keywatch.events");
    expect(await hanging.answers()).toBe(false);
    hanging.close();
    mute.close();
  });

  test("without brokers: not ready, with the reason; doctor says so soon, and looks at store and channels", async () => {
    expect((await answer(web, "/readyz")).status).toBe(200);
    await cluster.broker.kill();
    await until("not ready", async () => (await answer(web, "/readyz")).status === 503);
    const begun = performance.now();
    const unready = await answer(web, "/readyz");
    expect([unready.status, performance.now() - begun]).toEqual([503, expect.toSatisfy((ms: number) => ms < 4_500)]);
    expect(await unready.text()).toContain("The Kafka brokers do not answer.");
    expect((await answer(web, "/healthz")).status).toBe(200);
    const { code, seconds, line, lines } = await doctor();
    expect([code, seconds < 45]).toEqual([1, true]);
    expect(line(`kafka broker ${cluster.broker.address}`)).toMatchObject({
      state: "fail",
      says: expect.stringContaining("does not answer"),
    });
    expect(lines.filter((l) => l.check.startsWith("kafka "))).toHaveLength(1);
    for (const check of ["store", "clock", "events", "channel team/webhook", "provider aws_cloudtrail"])
      expect([check, line(check)?.state]).toEqual([check, "ok"]);
    await cluster.broker.start();
    await until("ready", async () => (await answer(web, "/readyz")).status === 200, 60_000);
  });
});
