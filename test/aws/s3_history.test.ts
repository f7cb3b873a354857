import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { createS3Poller } from "../../cli/poll_s3.ts";
import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import { quietOut, tempFolder } from "../support.ts";
import { type AwsServer, awsServer } from "./server.ts";
import { environment, logFile, openWorld, s3Source, storedEvents, trailKey } from "./world.ts";

let server: AwsServer;
const clock = Date.UTC(2026, 10, 22, 6, 30);
beforeAll(async () => {
  Object.assign(process.env, environment);
  server = await awsServer();
});
afterAll(() => server.stop());

test("history is judged in the order of time, whatever the order of keys: as a folder of the same files is", async () => {
  const folder = tempFolder();
  const days = 20;
  // The region that sorts first is the one that is used last, and from elsewhere.
  for (let day = days; day >= 0; day--) {
    const over = day === 0 ? { sourceIPAddress: "81.2.69.142", awsRegion: "ap-south-1" } : {};
    const at = (i: number) => clock - day * DAY_MS - i * HOUR_MS;
    const body = Buffer.concat(Array.from({ length: 8 }, (_, i) => logFile(at(i), 1, over)));
    const key = trailKey("111122223333", day === 0 ? "ap-south-1" : "us-east-1", at(0), `d${day}`);
    server.bucket.set(key, { body, modified: new Date(clock - HOUR_MS) });
    writeFileSync(join(folder, `${String(days - day).padStart(2, "0")}.json.gz`), body);
  }
  const found = async (feed: (app: App) => Promise<unknown>) => {
    const one = await openWorld(() => clock);
    await feed(one.app);
    const rows = await one.app.store.rows("SELECT uid, detection, title FROM findings FINAL ORDER BY uid");
    expect(await storedEvents(one.app)).toBe((days + 1) * 8);
    expect(one.app.detector.detectedTo()).toBe((days + 1) * 8);
    await one.app.close();
    return rows;
  };
  const byFolder = await found((one) =>
    ingestFiles(one, { paths: [folder], provider: "auto", report: false, alone: false, out: quietOut() }),
  );
  const byBucket = await found((one) => createS3Poller(one, s3Source(server, { since: "30d" })).look());
  expect(byBucket).toEqual(byFolder);
  expect(byFolder.map((row) => row.detection)).toContain("new_source");
});
