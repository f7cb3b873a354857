import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { createS3Poller } from "../../cli/poll_s3.ts";
import { createProgress } from "../../cli/progress.ts";
import { readObject } from "../../cli/read_object.ts";
import { openS3 } from "../../ingest/sources/aws.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { type AwsServer, awsServer, BUCKET } from "./server.ts";
import { environment, logFile, openWorld, recordAt, rowsOfEvents, s3Source, storedEvents, trailKey } from "./world.ts";

let server: AwsServer;
let app: App;
let logged: Record<string, unknown>[] = [];
let clock = Date.UTC(2026, 10, 22, 6, 30);

beforeAll(async () => {
  Object.assign(process.env, environment);
  ({ app, logged } = await openWorld(() => clock));
});
beforeEach(async () => {
  server = await awsServer();
  clock = Date.UTC(2026, 10, 22, 6, 30);
  logged.length = 0;
  await app.store.command("TRUNCATE TABLE events");
  // A port may come a second time, and with it the cursor of its place.
  await app.store.command("ALTER TABLE meta DELETE WHERE name LIKE 'cursor s3:%' SETTINGS mutations_sync = 2");
});
afterEach(() => server.stop());
afterAll(() => app.close());

const poller = (over: object = {}) => createS3Poller(app, s3Source(server, over));
const put = (key: string, body: Buffer, modified = clock): void =>
  void server.bucket.set(key, { body, modified: new Date(modified) });
/** Puts a log file of two records where CloudTrail would. */
const deliver = (account: string, region: string, time: number, name: string, modified = clock): void =>
  put(trailKey(account, region, time, name), logFile(time), modified);
const asked = (operation: string): number => server.asked.filter((a) => a.operation === operation).length;
const forget = () => {
  server.asked.length = 0;
};

const ACCOUNTS = ["111122223333", "444455556666"];
const REGIONS = ["eu-central-1", "us-east-1"];
const everywhere = (time: number, name: string) => {
  for (const account of ACCOUNTS) for (const region of REGIONS) deliver(account, region, time, name);
};

describe("a bucket in CloudTrail's order of account, region and day", () => {
  test("every object is read once; the next look asks one list for each region and reads nothing again", async () => {
    for (let day = 400; day > 1; day -= 40) {
      const time = clock - day * DAY_MS;
      for (const account of ACCOUNTS) for (const region of REGIONS) deliver(account, region, time, `old${day}`, time);
    }
    for (let hour = 12; hour > 0; hour--) everywhere(clock - hour * HOUR_MS, `h${hour}`);
    const looks = poller();
    await looks.look();
    expect(await storedEvents(app)).toBe(12 * 4 * 2);
    expect(asked("GetObject")).toBe(12 * 4);
    // Of old years one key is asked for, to see how the folders are named.
    const old = server.asked.filter((a) => a.key.includes("/2025/"));
    expect(old.map((a) => a.query.get("max-keys"))).toEqual(["1", "1", "1", "1"]);
    // The same day a little later: one page for each region's new objects.
    clock += MINUTE_MS;
    for (const [key] of server.bucket) if (!key.includes("_h1.")) server.bucket.delete(key);
    forget();
    await looks.look();
    expect(asked("GetObject")).toBe(0);
    expect(server.asked.filter((a) => a.query.has("start-after"))).toHaveLength(4);
    expect(await rowsOfEvents(app)).toBe(12 * 4 * 2);
  });

  test("an object that sorts before all that was read is found by the next look", async () => {
    everywhere(clock - HOUR_MS, "first");
    const looks = poller();
    await looks.look();
    clock += MINUTE_MS;
    deliver("111122223333", "eu-central-1", clock - 10 * MINUTE_MS, "second");
    deliver("111122223333", "ap-south-1", clock - 10 * MINUTE_MS, "new-region");
    deliver("000011112222", "us-east-1", clock - 10 * MINUTE_MS, "new-account");
    await looks.look();
    expect(await storedEvents(app)).toBe(8 + 6);
  });

  test("an object that comes late into yesterday's folder is found by the next look, one into an old folder within a day", async () => {
    everywhere(clock - HOUR_MS, "first");
    const looks = poller();
    await looks.look();
    clock += MINUTE_MS;
    deliver("111122223333", "eu-central-1", clock - 20 * HOUR_MS, "late");
    deliver("444455556666", "us-east-1", clock - 20 * DAY_MS, "very-late");
    await looks.look();
    expect(await storedEvents(app)).toBe(8 + 2);
    clock += 25 * HOUR_MS;
    await looks.look();
    expect(await storedEvents(app)).toBe(8 + 4);
  });
});

describe("whatever the keys are called", () => {
  const names = [
    "a b/one two.json",
    "plus+and%20percent/x+y%2Bz.json",
    "ünïcode/日本語 🔑.json",
    "amp&<lt>'\"/q.json",
    "dt=2026-11-22/hour=06/x.json",
    "year=2026/month=11/day=22/x.json",
    "2026/11/22/06/stream-1-2026-11-22",
    "99998888/not a day.json",
    "flat.json",
  ];
  test.each(names)("%s is read once", async (name) => {
    put(name, Buffer.from(JSON.stringify(recordAt(clock))));
    put(`${name}.2`, logFile(clock));
    const looks = poller();
    await looks.look();
    expect(await storedEvents(app)).toBe(3);
    await poller().look();
    expect([await rowsOfEvents(app), asked("GetObject")]).toEqual([3, 2]);
  });

  test("only what begins and ends as the source says is read, folders' own marks never", async () => {
    put("logs/", Buffer.alloc(0));
    put("logs/a.json.gz", logFile(clock));
    put("logs/a.csv", Buffer.from("a,b\n"));
    put("other/a.json.gz", logFile(clock));
    await poller({ prefix: "logs/", suffix: ".json.gz" }).look();
    expect([await storedEvents(app), asked("GetObject")]).toEqual([2, 1]);
    expect(server.asked.every((a) => a.key.startsWith("logs/"))).toBe(true);
  });

  test("by when it was written: what is older than `since` is left, however late it is found", async () => {
    put("old.json", logFile(clock), clock - 3 * DAY_MS);
    put("young.json", logFile(clock), clock - HOUR_MS);
    await poller().look();
    expect(await storedEvents(app)).toBe(2);
    await poller({ suffix: ".json", since: "7d" }).look();
    expect(await storedEvents(app)).toBe(4);
  });
});

describe("content is what counts", () => {
  test("the same content under another name is not asked for again, new content under the same name is read", async () => {
    const body = logFile(clock);
    put("one.json.gz", body);
    const looks = poller();
    await looks.look();
    put("copy.json.gz", body);
    put("one.json.gz", logFile(clock));
    await looks.look();
    expect([await storedEvents(app), await rowsOfEvents(app), asked("GetObject")]).toEqual([4, 4, 2]);
  });

  test("records without time and id count once, though the object is read twice", async () => {
    const record = {
      eventSource: "s3.amazonaws.com",
      eventName: "GetObject",
      awsRegion: "eu-central-1",
      eventVersion: "1.09",
      userIdentity: { type: "Root", accountId: "111122223333" },
    };
    const body = Buffer.from([record, record, record].map((r) => JSON.stringify(r)).join("\n"));
    put("a.ndjson", body);
    await poller().look();
    const before = await storedEvents(app);
    await app.store.command("TRUNCATE TABLE source_progress");
    put("b.ndjson", body);
    await poller({ suffix: "b.ndjson" }).look();
    expect(asked("GetObject")).toBe(2);
    expect([before, await storedEvents(app)]).toEqual([3, 3]);
  });

  test("a large object is read as a stream, plain or gzip", async () => {
    const lines = Array.from({ length: 12_000 }, () =>
      JSON.stringify(recordAt(clock, { requestParameters: { noise: Math.random().toString(36).repeat(20) } })),
    ).join("\n");
    put("large.ndjson", Buffer.from(lines));
    await poller().look();
    expect(await storedEvents(app)).toBe(12_000);
    put("large.ndjson.gz", gzipSync(lines));
    await poller({ suffix: ".gz" }).look();
    expect([await storedEvents(app), asked("GetObject")]).toEqual([12_000, 2]);
  });
});

test("an object comes off the wire no faster than it is stored", async () => {
  const line = Buffer.from(`${JSON.stringify(recordAt(clock, { requestParameters: { noise: "n".repeat(1_000) } }))}\n`);
  const lines = 30_000;
  put("large.ndjson", line);
  let handed = 0;
  server.give = (_, response) => {
    response.removeHeader("content-length");
    pipeline(
      Readable.from(
        (function* () {
          for (; handed < lines; handed++) yield line;
        })(),
      ),
      response,
    ).catch(() => undefined);
  };
  let stored = 0;
  let begun: () => void = () => undefined;
  let go: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const released = new Promise<void>((resolve) => {
    go = resolve;
  });
  const reading = readObject(
    { bucket: BUCKET, key: "large.ndjson" },
    {
      app,
      s3: await openS3(s3Source(server)),
      provider: "auto",
      progress: createProgress(app.store, app.now),
      signal: new AbortController().signal,
      async store({ yielded }) {
        begun();
        await released;
        stored += yielded.records;
      },
    },
  );
  await stuck;
  // The buffers on the way fill up, and then nothing moves.
  for (let before = -1; before < handed; await new Promise((resolve) => setTimeout(resolve, 300))) before = handed;
  expect(handed).toBeLessThan(lines / 2);
  go();
  await reading;
  expect(stored).toBe(lines);
});

describe("faults", () => {
  const cursors = async () =>
    JSON.stringify(
      await app.store.rows("SELECT name, value FROM meta FINAL WHERE name LIKE 'cursor s3:%' ORDER BY name"),
    );

  test.each([
    ["InvalidAccessKeyId", 403, /does not take the credentials for the bucket acme-logs \(InvalidAccessKeyId\)/],
    ["ExpiredToken", 400, /does not take the credentials/],
    ["RequestTimeTooSkewed", 403, /clock is wrong/],
    ["AccessDenied", 403, /must allow s3:ListBucket/],
    ["NoSuchBucket", 404, /the bucket acme-logs is not there/],
    ["SlowDown", 503, /asked less often/],
  ])(
    "a list that is refused with %s is a sentence that says what to do, and the cursor stays",
    async (code, status, says) => {
      put("a.json.gz", logFile(clock));
      server.refuse = () => ({ status, code });
      await expect(poller().look()).rejects.toThrow(says);
      const before = await cursors();
      await expect(poller().look()).rejects.toThrow(says);
      expect(await cursors()).toBe(before);
      server.refuse = () => null;
      clock += 2 * DAY_MS;
      await poller().look();
      expect(await storedEvents(app)).toBe(2);
    },
  );

  test("keys that AWS does not know are told, and no secret stands in the sentence", async () => {
    process.env.AWS_ACCESS_KEY_ID = "AKIAI44QH8DHBEXAMPLE";
    const fault = await poller()
      .look()
      .catch((error: unknown) => String(error));
    process.env.AWS_ACCESS_KEY_ID = environment.AWS_ACCESS_KEY_ID;
    expect(fault).toMatch(/does not take the credentials/);
    expect(fault).not.toMatch(/AKIAI44QH8DHBEXAMPLE|example-secret/);
  });

  test("an endpoint where nobody listens is told", async () => {
    await expect(poller({ endpoint: "http://127.0.0.1:1" }).look()).rejects.toThrow(/cannot be reached/);
  });

  test("being throttled for a moment costs patience and nothing else", async () => {
    everywhere(clock - HOUR_MS, "a");
    let throttled = 0;
    server.refuse = ({ operation }) =>
      operation === "GetObject" && throttled++ < 2 ? { status: 503, code: "SlowDown" } : null;
    await poller().look();
    expect(await storedEvents(app)).toBe(8);
    expect(logged).toEqual([]);
  });

  test("a list that breaks off after its first page keeps what it found and goes on from there", async () => {
    for (let i = 0; i < 10; i++) put(`logs/${i}.json.gz`, logFile(clock));
    server.refuse = ({ query }) => (query.has("continuation-token") ? { status: 403, code: "AccessDenied" } : null);
    const looks = poller({ prefix: "logs/" });
    await expect(looks.look()).rejects.toThrow();
    expect(await storedEvents(app)).toBe(6);
    server.refuse = () => null;
    forget();
    await looks.look();
    expect([await storedEvents(app), await rowsOfEvents(app), asked("GetObject")]).toEqual([20, 20, 7]);
    expect(app.detector.detectedTo()).toBe(app.writer.lastSeq());
  });

  test("an object that is denied holds nothing up, is tried again, and is read when the policy is mended", async () => {
    everywhere(clock - HOUR_MS, "a");
    put("AWSLogs/locked.json.gz", logFile(clock));
    server.refuse = ({ key, operation }) =>
      operation === "GetObject" && key.endsWith("locked.json.gz") ? { status: 403, code: "AccessDenied" } : null;
    const looks = poller();
    await looks.look();
    expect(await storedEvents(app)).toBe(8);
    expect(logged.map((l) => [l.msg, l.objects, l.error])).toEqual([
      [
        "Objects could not be read; they are tried again.",
        1,
        expect.stringMatching(/s3:\/\/acme-logs\/AWSLogs\/locked\.json\.gz.*must allow s3:GetObject, and kms:Decrypt/),
      ],
    ]);
    clock += 3 * DAY_MS;
    server.refuse = () => null;
    await looks.look();
    expect([await storedEvents(app), asked("GetObject")]).toEqual([10, 4 + 1 + 1]);
  });

  test.each([
    ["behind", "24h"],
    ["up to date", "30m"],
  ])("while the store takes nothing nothing is taken for read, %s as the source may be", async (_, since) => {
    for (let i = 0; i < 5; i++) put(`logs/${i}.json.gz`, logFile(clock));
    const looks = poller({ prefix: "logs/", since });
    await app.store.command("RENAME TABLE events TO events_away");
    await expect(looks.look()).rejects.toThrow();
    await app.store.command("RENAME TABLE events_away TO events");
    await looks.look();
    expect([await storedEvents(app), await rowsOfEvents(app)]).toEqual([10, 10]);
    expect(app.detector.detectedTo()).toBeLessThanOrEqual(app.writer.lastSeq());
  });

  test("a sweep that cannot read an object holds up no look, and is not tried again at every one", async () => {
    everywhere(clock - HOUR_MS, "a");
    const looks = poller();
    await looks.look();
    deliver("111122223333", "us-east-1", clock - 20 * DAY_MS, "locked");
    server.refuse = ({ key }) => (key.includes("_locked") ? { status: 403, code: "AccessDenied" } : null);
    clock += 25 * HOUR_MS;
    everywhere(clock - HOUR_MS, "b");
    await looks.look();
    expect([await storedEvents(app), logged.length]).toEqual([16, 1]);
    const whole = () => server.asked.filter((a) => a.key === "" && !a.query.has("delimiter")).length;
    const before = whole();
    clock += MINUTE_MS;
    await looks.look();
    expect(whole()).toBe(before);
    server.refuse = () => null;
    clock += HOUR_MS;
    await looks.look();
    expect(await storedEvents(app)).toBe(18);
  });

  test("a body that breaks off is no broken record: the object is read again and counts once", async () => {
    const body = Buffer.from(Array.from({ length: 3_000 }, () => JSON.stringify(recordAt(clock))).join("\n"));
    put("a.ndjson", body);
    let cut = true;
    server.give = (bytes, response) => {
      if (!cut) return void response.end(bytes);
      cut = false;
      response.write(bytes.subarray(0, bytes.length - 100), () => response.destroy());
    };
    const looks = poller();
    await looks.look();
    expect(logged).toHaveLength(1);
    await looks.look();
    expect([await storedEvents(app), await rowsOfEvents(app)]).toEqual([3_000, 3_000]);
    expect(Number((await app.store.rows("SELECT count() AS n FROM dead_letters"))[0]!.n)).toBe(0);
  });

  test("an object that was deleted before it was read, and one in an archive, are told and hold nothing up", async () => {
    put("a.json.gz", logFile(clock));
    put("gone.json.gz", logFile(clock));
    server.bucket.set("old.json.gz", { body: logFile(clock), modified: new Date(clock), storageClass: "DEEP_ARCHIVE" });
    server.refuse = ({ key }) => (key === "gone.json.gz" ? { status: 404, code: "NoSuchKey" } : null);
    const looks = poller();
    const before = await cursors();
    await looks.look();
    expect(await storedEvents(app)).toBe(2);
    expect(logged.map((l) => [l.level, l.key]).sort()).toEqual([
      [40, "gone.json.gz"],
      [40, "old.json.gz"],
    ]);
    expect(await cursors()).not.toBe(before);
    forget();
    await poller().look();
    expect(asked("GetObject")).toBe(1);
  });
});
