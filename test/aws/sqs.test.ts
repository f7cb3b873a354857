import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { readQueue } from "../../cli/read_queue.ts";
import { cloudTrail } from "../records.ts";
import { until } from "../support.ts";
import { byCloudTrail, byEventBridge, bySns, notice } from "./notice.ts";
import { type AwsServer, awsServer } from "./server.ts";
import { environment, logFile, openWorld, rowsOfEvents, sqsSource, storedEvents } from "./world.ts";

let server: AwsServer;
let app: App;
let logged: Record<string, unknown>[] = [];
let reader: { stop(): Promise<void> } | null = null;

beforeAll(async () => {
  Object.assign(process.env, environment);
  ({ app, logged } = await openWorld());
});
beforeEach(async () => {
  server = await awsServer();
  logged.length = 0;
  app.counters.dropped.clear();
  await app.store.command("TRUNCATE TABLE events");
});
afterEach(async () => {
  await reader?.stop();
  reader = null;
  await server.stop();
});
afterAll(() => app.close());

const start = (over: object = {}) => {
  reader = readQueue(app, sqsSource(server, over));
};
/** Puts an object of two records and tells the queue. */
function deliver(key: string, body = logFile(Date.now()), say: (key: string, body: Buffer) => string = notice): void {
  server.bucket.set(key, { body, modified: new Date() });
  server.queue.send(say(key, body));
}
const empty = () => until("the queue to be empty", () => server.queue.messages.length === 0);
const asked = (operation: string): number => server.asked.filter((a) => a.operation === operation).length;

describe("messages", () => {
  test("of every form are read, stored and removed", async () => {
    deliver("a b+c/ünï.json.gz");
    deliver("by sns.gz", logFile(Date.now()), (key, body) => bySns(notice(key, body)));
    deliver("by+bus.gz", logFile(Date.now()), byEventBridge);
    deliver("by trail.gz", logFile(Date.now()), (key) => bySns(byCloudTrail([key])));
    start();
    await empty();
    expect(await storedEvents(app)).toBe(8);
    expect(logged).toEqual([]);
  });

  test("that name no new object are counted and removed; what the source does not ask for as well", async () => {
    server.queue.send('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"acme-logs"}');
    server.queue.send(notice("a", Buffer.from("{}"), { eventName: "ObjectRemoved:Delete" }));
    deliver("logs/a.json.gz");
    deliver("logs/a.csv");
    deliver("other/a.json.gz");
    server.queue.send(notice("logs/b.json.gz", Buffer.from("{}")).replaceAll("acme-logs", "foreign"));
    start({ bucket: "acme-logs", prefix: "logs/", suffix: ".json.gz" });
    await empty();
    expect(await storedEvents(app)).toBe(2);
    expect(Object.fromEntries(app.counters.dropped)).toEqual({
      "S3 test event": 1,
      "S3 notification of something else than a new object": 1,
      "S3 object that the source does not ask for": 3,
    });
    expect(asked("GetObject")).toBe(1);
  });

  test("that come twice and in any order leave every event once, and cost no second look at the object", async () => {
    const keys = Array.from({ length: 12 }, (_, i) => `${(i * 7) % 12}.json.gz`);
    for (const key of keys) deliver(key);
    start();
    await empty();
    const [gets, events] = [asked("GetObject"), await storedEvents(app)];
    for (const key of keys.reverse()) server.queue.send(notice(key, server.bucket.get(key)!.body));
    await empty();
    expect([events, await rowsOfEvents(app), gets, asked("GetObject")]).toEqual([24, 24, 12, 12]);
  });

  test("that SQS gives to two readers at once count once", async () => {
    let told = false;
    deliver("a.json.gz");
    server.refuse = ({ operation }) => {
      if (operation === "GetObject" && !told) {
        told = true;
        server.queue.reveal();
      }
      return null;
    };
    start();
    await empty();
    await until("both readers", () => asked("DeleteMessage") >= 1);
    expect(await rowsOfEvents(app)).toBe(2);
  });

  test("that nobody understands stay for the dead-letter policy, with a line that says so and not what they hold", async () => {
    server.queue.maxReceiveCount = 2;
    server.queue.send("AKIAI44QH8DHBEXAMPLE is no notification");
    deliver("a.json.gz");
    start({ visibility: "1s" });
    await until("the dead-letter queue", () => server.queue.dead.length === 1);
    expect(await storedEvents(app)).toBe(2);
    expect(logged.map((l) => [l.msg, l.received, l.reason])).toEqual([
      [expect.stringContaining("stays in the queue, for its dead-letter policy"), 1, "it is no JSON object"],
      [expect.stringContaining("stays in the queue, for its dead-letter policy"), 2, "it is no JSON object"],
    ]);
    expect(JSON.stringify(logged)).not.toContain("AKIAI44QH8DHBEXAMPLE");
  });
});

test("a message stays hidden for as long as its object is read, and the object is read once", async () => {
  const body = Buffer.from(Array.from({ length: 5_000 }, () => JSON.stringify(cloudTrail())).join("\n"));
  server.give = (bytes, response) => {
    response.write(bytes.subarray(0, bytes.length / 2));
    const go = setInterval(() => {
      if (server.queue.extended < 5) return;
      clearInterval(go);
      response.end(bytes.subarray(bytes.length / 2));
    }, 20);
  };
  deliver("large.ndjson", body);
  start({ visibility: "1s" });
  await empty();
  expect([await storedEvents(app), asked("GetObject"), logged]).toEqual([5_000, 1, []]);
});

describe("faults", () => {
  test("an object that is denied leaves its message in the queue, which is read when the policy is mended", async () => {
    let denied = true;
    server.refuse = ({ operation }) =>
      operation === "GetObject" && denied ? { status: 403, code: "AccessDenied" } : null;
    deliver("a.json.gz");
    start({ visibility: "1s" });
    await until("the line", () => logged.length > 0);
    expect(logged[0]!.error).toMatch(/s3:\/\/acme-logs\/a\.json\.gz.*must allow s3:GetObject, and kms:Decrypt/);
    expect([server.queue.messages.length, await storedEvents(app)]).toEqual([1, 0]);
    denied = false;
    await empty();
    expect(await storedEvents(app)).toBe(2);
  });

  test.each([
    ["UnrecognizedClientException", 403, /does not take the credentials for the queue/],
    ["AccessDeniedException", 400, /must allow sqs:ReceiveMessage/],
    ["QueueDoesNotExist", 400, /the queue .* is not there/],
    ["RequestThrottled", 400, /asked less often/],
  ])(
    "a queue that refuses with %s is told in a sentence, and read when it no longer does",
    async (code, status, says) => {
      server.refuse = () => ({ status, code });
      deliver("a.json.gz");
      start();
      await until("the line", () => logged.length > 0);
      expect(logged[0]!.error).toMatch(says);
      server.refuse = () => null;
      await empty();
      expect(await storedEvents(app)).toBe(2);
    },
  );

  test("while the store takes nothing no message is removed, and all are read when it does again", async () => {
    await app.store.command("RENAME TABLE events TO events_away");
    for (let i = 0; i < 5; i++) deliver(`${i}.json.gz`);
    start({ visibility: "1s" });
    await until("the line", () => logged.length > 0);
    expect(asked("DeleteMessage")).toBe(0);
    await app.store.command("RENAME TABLE events_away TO events");
    await empty();
    expect([await storedEvents(app), await rowsOfEvents(app)]).toEqual([10, 10]);
  });

  test("a message that could not be removed comes again and changes nothing", async () => {
    let refused = 0;
    server.refuse = ({ operation }) =>
      operation === "DeleteMessage" && refused++ < 1 ? { status: 403, code: "AccessDeniedException" } : null;
    deliver("a.json.gz");
    start({ visibility: "1s" });
    await empty();
    expect([await rowsOfEvents(app), asked("GetObject"), asked("DeleteMessage")]).toEqual([2, 1, 2]);
    expect(logged[0]!.error).toMatch(/must allow sqs:DeleteMessage/);
  });

  test("stopping takes the long poll back at once", async () => {
    start();
    await until("the poll", () => asked("ReceiveMessage") === 4);
    const began = Date.now();
    await reader!.stop();
    expect(Date.now() - began).toBeLessThan(15_000);
  });
});
