import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder, until } from "../support.ts";
import { notice } from "./notice.ts";
import { type AwsServer, awsServer, BUCKET } from "./server.ts";
import { environment, logFile } from "./world.ts";

let server: AwsServer;
beforeAll(async () => {
  server = await awsServer();
});
afterAll(() => server.stop());

/** An installation with these sources, which may be started again and again. */
function installation(sources: object[]) {
  const folder = tempFolder();
  const file = join(folder, "keywatch.yaml");
  const place = { endpoint: server.url, force_path_style: true };
  const config = { store: { path: join(folder, "data") }, http: { listen: "127.0.0.1:0" }, log: { format: "json" } };
  writeFileSync(file, JSON.stringify({ ...config, sources: sources.map((s) => ({ ...s, ...place })) }));
  const run = (args: string[]) => keywatch(["--config", file, ...args], { env: environment });
  return {
    run,
    start: () => run(["serve"]),
    async count(what: string): Promise<number> {
      const { stdout } = await run(["sql", `select count() as n from ${what}`, "--format", "json"]);
      return Number(JSON.parse(stdout).n);
    },
  };
}

const lists = () => server.asked.filter((a) => a.operation === "ListObjectsV2").length;
const file = (records: number): Buffer =>
  Buffer.from(Array.from({ length: records }, () => JSON.stringify(cloudTrail())).join("\n"));

describe("after kill -9", () => {
  test("between storing and removing the message, the message comes again and every event counts once", async () => {
    const at = installation([{ kind: "sqs", queue_url: server.queueUrl, visibility: "2s" }]);
    for (let i = 0; i < 5; i++) {
      const body = logFile(Date.now());
      server.bucket.set(`${i}.json.gz`, { body, modified: new Date() });
      server.queue.send(notice(`${i}.json.gz`, body));
    }
    const first = at.start();
    const killed = new Promise<void>((resolve) => {
      server.refuse = ({ operation }) => {
        if (operation !== "DeleteMessage") return null;
        first.child.kill("SIGKILL");
        resolve();
        return new Promise(() => undefined);
      };
    });
    await killed;
    await first;
    server.refuse = () => null;
    expect(server.queue.messages).toHaveLength(5);
    expect(await at.count("events final")).toBeGreaterThan(0);
    const second = at.start();
    await until("the queue to be empty", () => server.queue.messages.length === 0);
    second.child.kill("SIGTERM");
    expect((await second).code).toBe(0);
    expect([await at.count("events final"), await at.count("events")]).toEqual([10, 10]);
  });

  test("in the middle of a large object of a bucket, the rest is read and every event counts once", async () => {
    const at = installation([{ kind: "s3", bucket: BUCKET, prefix: "large/", interval: "1s" }]);
    const body = file(60_000);
    server.bucket.set("large/a.ndjson", { body, modified: new Date() });
    server.bucket.set("large/b.json.gz", { body: logFile(Date.now()), modified: new Date() });
    const whole = server.give;
    const first = at.start();
    const stuck = new Promise<void>((resolve) => {
      server.give = (bytes, response) => {
        if (bytes.length < body.length) return whole(bytes, response);
        // Read as far as the kernel hands over; the rest never comes.
        response.write(bytes.subarray(0, (bytes.length * 9) / 10), () => resolve());
      };
    });
    await stuck;
    first.child.kill("SIGKILL");
    await first;
    server.give = whole;
    expect(await at.count("events final")).toBeLessThan(60_002);
    const second = at.start();
    // The next look begins when all that this one found is stored.
    const before = lists();
    await until("two looks", () => lists() >= before + 2);
    second.child.kill("SIGTERM");
    expect((await second).code).toBe(0);
    expect([await at.count("events final"), await at.count("events")]).toEqual([60_002, 60_002]);
  });
});

test("check names the sources and all their faults, and a restart goes on where the last run ended", async () => {
  const at = installation([
    { kind: "s3", bucket: BUCKET, prefix: "small/", interval: "1s" },
    { kind: "sqs", queue_url: server.queueUrl },
  ]);
  const checked = await at.run(["check"]);
  expect(checked.stdout).toContain(`sources    s3://${BUCKET}/small/, queue ${server.queueUrl}`);
  server.bucket.set("small/a.json.gz", { body: logFile(Date.now()), modified: new Date() });
  const gets = () => server.asked.filter((a) => a.operation === "GetObject" && a.key === "small/a.json.gz").length;
  for (const events of [2, 2]) {
    const running = at.start();
    const before = lists();
    await until("two looks", () => lists() >= before + 4);
    running.child.kill("SIGTERM");
    expect((await running).code).toBe(0);
    expect(await at.count("events")).toBe(events);
  }
  expect(gets()).toBe(1);
  const wrong = installation([
    { kind: "s3", bucket: "No_Bucket", intervall: "1s" },
    { kind: "sqs", queue_url: "ftp://x", visibility: "500ms" },
    { kind: "s3", bucket: BUCKET },
    { kind: "s3", bucket: BUCKET },
  ]);
  const { code, stderr } = await wrong.run(["check"]);
  expect(code).toBe(2);
  for (const fault of [
    "sources[0].bucket: a bucket's name",
    'sources[0]: unknown key "intervall", did you mean "interval"?',
    "sources[1].queue_url: must be an http or https address",
    "sources[1].visibility: whole seconds, from 1s to 12h",
    "sources[3]: this bucket and prefix stand twice",
  ])
    expect(stderr).toContain(fault);
});
