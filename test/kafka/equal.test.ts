import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openApp } from "../../cli/app.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { createLog } from "../../cli/log.ts";
import { loadedFor, quietOut, tempFolder, until } from "../support.ts";
import { brokerMissing } from "./broker.ts";
import { type Cluster, PEPPER, startCluster } from "./cluster.ts";
import { story } from "./story.ts";

const missing = brokerMissing();
const END = Date.UTC(2026, 5, 15, 11, 23, 45);
const days = Number(process.env.KEYWATCH_STORY_DAYS ?? 45);
const fleets = Number(process.env.KEYWATCH_STORY_FLEETS ?? 1);

const LINES =
  "SELECT uid, detection, dimension, bucket, severity, subject_uid, late, first_seen, event_count FROM findings FINAL ORDER BY uid";

describe.skipIf(missing !== null)(`keywatch in pieces${missing ? ` (skipped: ${missing})` : ""}`, () => {
  const { records, inventory } = story({ end: END, days, fleets });
  let cluster: Cluster;
  const folder = tempFolder();
  const embedded = { events: 0, findings: [] as string[], lines: [] as string[], incidents: [] as string[] };

  beforeAll(async () => {
    const path = join(folder, "embedded");
    const file = join(folder, "history.json");
    const keys = join(folder, "declared.json");
    writeFileSync(file, records.map((r) => r.text).join("\n"));
    writeFileSync(keys, JSON.stringify(inventory));
    const app = await openApp({
      loaded: loadedFor(path, { inventory: keys }),
      log: createLog(),
      env: { KEYWATCH_PEPPER: PEPPER },
    });
    await ingestFiles(app, { paths: [file], provider: "aws_cloudtrail", report: true, alone: true, out: quietOut() });
    embedded.events = Number((await app.store.rows("SELECT count() AS n FROM events FINAL"))[0]!.n);
    embedded.findings = (await app.store.rows("SELECT uid FROM findings FINAL ORDER BY uid")).map((r) => String(r.uid));
    embedded.lines = (await app.store.rows(LINES)).map((r) => JSON.stringify(r));
    embedded.incidents = (await app.store.rows("SELECT uid FROM incidents FINAL ORDER BY uid")).map((r) =>
      String(r.uid),
    );
    await app.close();
    cluster = await startCluster({
      folder,
      partitions: 3,
      rawTopics: [{ topic: "cloudtrail", provider: "aws_cloudtrail" }],
      inventory,
    });
  }, 120_000);
  afterAll(() => cluster?.stop());

  test("three partitions and two processes that judge find what one process finds", async () => {
    const roles = ["ingest", "detect", "detect", "alert"].map((r) => cluster.start(r));
    await cluster.produce(
      "cloudtrail",
      records.map((r) => r.text),
    );
    const begun = performance.now();
    await cluster.caughtUp("keywatch.ingest", "cloudtrail", 600_000);
    await cluster.caughtUp("keywatch.detect", "keywatch.events", 600_000);
    const seconds = (performance.now() - begun) / 1000;
    const whole = async () =>
      (await cluster.findingUids()).length >= embedded.findings.length &&
      (await cluster.incidentUids()).length >= embedded.incidents.length;
    await until("findings and incidents", whole, 60_000).catch(() => undefined);
    await cluster.caughtUp("keywatch.alert", "keywatch.findings");
    process.stderr.write(
      `${records.length} events in ${seconds.toFixed(1)} s; ${embedded.findings.length} findings, ${embedded.incidents.length} incidents\n`,
    );
    expect(await cluster.count("events")).toBe(embedded.events);
    expect(embedded.findings.length).toBeGreaterThan(10);
    const lines = (await cluster.store.rows(LINES)).map((r) => JSON.stringify(r));
    process.stderr.write(
      `only here: ${lines.filter((l) => !embedded.lines.includes(l)).join("\n  ")}\nonly there: ${embedded.lines.filter((l) => !lines.includes(l)).join("\n  ")}\n`,
    );
    expect(await cluster.findingUids()).toEqual(embedded.findings);
    expect(await cluster.incidentUids()).toEqual(embedded.incidents);
    const owners = await cluster.store.rows(
      "SELECT count(DISTINCT owner) AS n FROM log_claims WHERE log LIKE '%events/%'",
    );
    expect(Number(owners[0]!.n)).toBeGreaterThanOrEqual(2);
    for (const role of roles) await role.kill("SIGTERM");
  }, 900_000);
});
