import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder, until } from "../support.ts";
import { notice } from "./notice.ts";
import { type AwsServer, awsServer, BUCKET } from "./server.ts";
import { environment, logFile } from "./world.ts";

/** Processes start slowly on a machine that does much else. */
const PATIENCE_MS = 240_000;

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
  const run = (args: string[], env = {}) => keywatch(["--config", file, ...args], { env: { ...environment, ...env } });
  return {
    run,
    start: () => run(["serve"]),
    /** Events of a stopped installation: each once, and rows. */
    async stored(): Promise<[number, number]> {
      const store = await connectEmbedded(join(folder, "data"));
      const [row] = await store.rows(
        "SELECT (SELECT count() FROM events FINAL) AS events, count() AS rows FROM events",
      );
      await store.close();
      return [Number(row!.events), Number(row!.rows)];
    },
  };
}

const lists = () => server.asked.filter((a) => a.operation === "ListObjectsV2").length;
const file = (records: number): Buffer =>
  Buffer.from(Array.from({ length: records }, () => JSON.stringify(cloudTrail())).join("\n"));

describe("after kill -9", () => {
  test(
    "between storing and removing the message, the message comes again and every event counts once",
    async () => {
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
      expect((await at.stored())[0]).toBeGreaterThan(0);
      const second = at.start();
      await until("the queue to be empty", () => server.queue.messages.length === 0, PATIENCE_MS);
      second.child.kill("SIGTERM");
      expect((await second).code).toBe(0);
      expect(await at.stored()).toEqual([10, 10]);
    },
    PATIENCE_MS,
  );

  test(
    "in the middle of a large object of a bucket, the rest is read and every event counts once",
    async () => {
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
      expect((await at.stored())[0]).toBeLessThan(60_002);
      const second = at.start();
      // The next look begins when all that this one found is stored.
      const before = lists();
      await until("two looks", () => lists() >= before + 2, PATIENCE_MS);
      second.child.kill("SIGTERM");
      expect((await second).code).toBe(0);
      expect(await at.stored()).toEqual([60_002, 60_002]);
    },
    PATIENCE_MS,
  );
});

test(
  "without the SDK everything else works, and the sources say what to install",
  async () => {
    const at = installation([
      { kind: "s3", bucket: BUCKET },
      { kind: "sqs", queue_url: server.queueUrl },
    ]);
    const hook = `import{registerHooks}from"node:module";registerHooks({resolve(name,at,next){if(name.startsWith("@aws-sdk/"))throw new Error("not installed");return next(name,at)}})`;
    const { stdout } = await at.run(["doctor", "--json"], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}`,
    });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { check: string; state: string; says: string });
    expect(lines.find((l) => l.check === "store")?.state).toBe("ok");
    expect(lines.filter((l) => l.check.startsWith("source ")).map((l) => [l.state, l.says])).toEqual([
      ["fail", expect.stringContaining("`npm install @aws-sdk/client-s3`")],
      ["fail", expect.stringContaining("`npm install @aws-sdk/client-sqs`")],
    ]);
  },
  PATIENCE_MS,
);

test(
  "check names the sources and all their faults, and a restart goes on where the last run ended",
  async () => {
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
      await until("two looks", () => lists() >= before + 4, PATIENCE_MS);
      running.child.kill("SIGTERM");
      expect((await running).code).toBe(0);
      expect(await at.stored()).toEqual([events, events]);
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
  },
  PATIENCE_MS,
);
