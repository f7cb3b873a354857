import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tempFolder, until } from "../support.ts";
import { brokerMissing } from "./broker.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { findingLines, type Reference, referenceOf } from "./reference.ts";
import { story } from "./story.ts";

const missing = brokerMissing();
const END = Date.UTC(2026, 5, 15, 11, 23, 45);
/** `npm run test:heavy` tells the same of a million events. */
const days = Number(process.env.KEYWATCH_STORY_DAYS ?? 33);
const fleets = Number(process.env.KEYWATCH_STORY_FLEETS ?? 1);

describe.skipIf(missing !== null)(`keywatch in pieces${missing ? ` (skipped: ${missing})` : ""}`, () => {
  const { records, inventory } = story({ end: END, days, fleets });
  let cluster: Cluster;
  let alone: Reference;

  beforeAll(async () => {
    const folder = tempFolder();
    alone = await referenceOf(folder, records, inventory);
    cluster = await startCluster({
      folder,
      partitions: 3,
      rawTopics: [{ topic: "cloudtrail", provider: "aws_cloudtrail" }],
      inventory,
    });
  }, 600_000);
  afterAll(() => cluster?.stop());

  const owners = async (): Promise<number> => {
    const [row] = await cluster.store.rows("SELECT uniq(owner) AS n FROM log_claims WHERE log LIKE '%events/%'");
    return Number(row!.n);
  };

  test("three partitions and two processes that judge find what one process finds, byte for byte in uids", async () => {
    const roles = ["ingest", "detect", "detect", "alert"].map((r) => cluster.start(r));
    // On a fast machine the first judge would be done before the second one has joined.
    await until("both judges to own partitions", async () => (await owners()) >= 2, 60_000);
    const begun = performance.now();
    await cluster.produce(
      "cloudtrail",
      records.map((r) => r.text),
    );
    await cluster.caughtUp("keywatch.ingest", "cloudtrail", 600_000);
    await cluster.caughtUp("keywatch.detect", "keywatch.events", 600_000);
    const seconds = (performance.now() - begun) / 1000;
    const whole = async () =>
      (await cluster.findingUids()).length >= alone.findings.length &&
      (await cluster.incidentUids()).length >= alone.incidents.length;
    // Too few are told by the comparison, with their names.
    await until("findings and incidents", whole, 60_000).catch(() => undefined);
    await cluster.caughtUp("keywatch.alert", "keywatch.findings");
    process.stderr.write(
      `${records.length} events in ${seconds.toFixed(1)} s; ${alone.findings.length} findings, ${alone.incidents.length} incidents\n`,
    );
    expect(await cluster.count("events")).toBe(alone.events);
    expect(alone.findings.length).toBeGreaterThan(10);
    expect(alone.incidents.length).toBeGreaterThan(3);
    expect(await findingLines(cluster.store)).toEqual(alone.lines);
    expect(await cluster.incidentUids()).toEqual(alone.incidents);
    expect(await owners()).toBeGreaterThanOrEqual(2);
    await Promise.all(roles.map((role) => role.kill("SIGTERM")));
    expect(roles.map((role) => role.child.exitCode)).toEqual([0, 0, 0, 0]);
  }, 1_800_000);
});
