import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nextOffset } from "../../ingest/kafka/event_message.ts";
import { partitionOf } from "../../ingest/kafka/partition.ts";
import { httpReceiver } from "../alert/receivers.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, type Ran, tempFolder, until } from "../support.ts";
import { brokerMissing } from "./broker.ts";
import { type Cluster, PEPPER, type RoleProcess, startCluster } from "./cluster.ts";

const missing = brokerMissing();
const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
const recently = () => new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z$/, "Z");
const EVENTS = "keywatch.events";
/** Made up, and shaped like the real thing. */
const LEAKED = "sk_live_4eC39HqLyjWDarjtT1zdp7dcQ2mVx8Kz";

describe.skipIf(missing !== null)(`roles${missing ? ` (skipped: ${missing})` : ""}`, () => {
  let cluster: Cluster;
  let receiver: Awaited<ReturnType<typeof httpReceiver>>;
  let roles: RoleProcess[] = [];
  const ask = (...args: string[]): Promise<Ran> =>
    keywatch(["--config", cluster.config, ...args], { env: { KEYWATCH_PEPPER: PEPPER } });
  const text = (sql: string) => cluster.store.text(sql, {}, "JSONEachRow");

  beforeAll(async () => {
    receiver = await httpReceiver();
    const webhook = { kind: "webhook" as const, url: receiver.url, secrets: [secret], allow_private_addresses: true };
    cluster = await startCluster({
      folder: tempFolder(),
      partitions: 3,
      rawTopics: [
        { topic: "cloudtrail", partitions: 2, provider: "aws_cloudtrail" },
        { topic: "anything", provider: "auto" },
      ],
      inventory: {
        keys: [
          {
            name: "report-bot",
            provider: "aws_cloudtrail",
            id: "AKIAIOSFODNN7EXAMPLE",
            owner: "team-a",
            access: "read",
          },
          { name: "other-bot", provider: "aws_cloudtrail", id: "AKIAI44QH8DHBEXAMPLE", access: "read" },
          {
            name: "old-bot",
            provider: "aws_cloudtrail",
            id: "AKIAI44QH8DHDEXAMPLE",
            rotation: { created_at: "2020-01-01T00:00:00Z", max_age: "90d" },
          },
          { name: "past-bot", provider: "aws_cloudtrail", id: "AKIAI44QH8DHEEXAMPLE", access: "read" },
          { name: "third-bot", provider: "aws_cloudtrail", id: "AKIAI44QH8DHCEXAMPLE", access: "read" },
        ],
      },
      config: {
        receivers: [{ name: "team", channels: [webhook] }],
        route: { receiver: "team", group_wait: "0s", group_interval: "200ms" },
      },
    });
    roles = ["ingest,detect", "alert"].map((r) => cluster.start(r));
  }, 120_000);
  afterAll(async () => {
    await cluster?.stop();
    await receiver?.stop();
  });

  test("a write with a read-only key reaches the receiver", async () => {
    await cluster.produce("cloudtrail", [
      JSON.stringify(cloudTrail({ eventTime: recently(), eventName: "PutObject", readOnly: false })),
    ]);
    await until("a message", () => receiver.requests.length > 0, 60_000).catch((e: Error) => {
      throw new Error(`${e.message}\n${roles.map((r) => r.said()).join("\n")}`);
    });
    expect(receiver.requests[0]!.body).toContain("report-bot");
  });

  test("what people do goes by the commands topic, and comes back with what was done", async () => {
    const [incident] = JSON.parse(
      `[${(await ask("incidents", "list", "--json")).stdout.trim().replaceAll("\n", ",")}]`,
    );
    const acked = await ask("incidents", "ack", incident.uid, "-m", "looking");
    expect([acked.code, acked.stdout, acked.stderr]).toEqual([0, expect.stringContaining("acknowledged"), ""]);
    expect((await ask("incidents", "show", incident.uid)).stdout).toContain("looking");
    const again = await ask("incidents", "ack", incident.uid);
    expect(again.stdout).toContain("nothing changed");
    const impossible = await ask("incidents", "comment", incident.uid);
    expect([impossible.code, impossible.stderr]).toEqual([1, expect.stringContaining("needs a text")]);
  });

  test("findings of the past reach incidents though the partition is never still", async () => {
    const past = {
      type: "IAMUser",
      arn: "arn:aws:iam::111122223333:user/past",
      accountId: "111122223333",
      accessKeyId: "AKIAI44QH8DHEEXAMPLE",
      userName: "past",
    };
    const send = (over: object) =>
      cluster.produce("cloudtrail", [JSON.stringify(cloudTrail({ userIdentity: past, ...over }))]);
    const old = new Date(Date.now() - 20 * 24 * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
    await send({ eventTime: old, eventName: "DeleteBucket", readOnly: false });
    const incidents = async () =>
      (await cluster.store.rows("SELECT document FROM incidents FINAL")).filter((r) =>
        String(r.document).includes("past-bot"),
      );
    await until(
      "an incident",
      async () => {
        await send({ eventTime: recently() });
        return (await incidents()).length > 0;
      },
      40_000,
    );
  });

  test("poison ends in the dead letter topic, redacted, and stops nothing", async () => {
    const before = await cluster.count("events");
    const good = (i: number) => JSON.stringify(cloudTrail({ eventTime: recently(), userAgent: `after ${i}` }));
    const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    const poison = [
      good(1).slice(0, 200),
      `{"password":"${LEAKED}","eventTime":`,
      Buffer.from(good(2), "utf16le"),
      Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28]),
      deep,
      `{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`,
      JSON.stringify({ ...cloudTrail({ eventTime: "yesterday" }), requestParameters: { secret: LEAKED } }),
      "[1,2,3]",
      "",
      "null",
      gzipSync(good(3)).subarray(0, 60),
    ];
    const producer = cluster.kafka.producer();
    await producer.connect();
    await producer.send({
      topic: "cloudtrail",
      messages: poison.flatMap((value, i) => [
        { partition: 0, value },
        { partition: 0, value: good(10 + i) },
      ]),
    });
    // A record of 5 MB, well formed and not.
    const filler = "x".repeat(5 * 1024 * 1024);
    await cluster.produce("cloudtrail", [
      JSON.stringify(cloudTrail({ eventTime: recently(), userAgent: "big", requestParameters: { filler } })),
      `{"token":"${LEAKED}","filler":"${filler}`,
      good(99),
    ]);
    await producer.disconnect();
    await cluster.caughtUp("keywatch.ingest", "cloudtrail");
    await cluster.caughtUp("keywatch.detect", "keywatch.events");
    await cluster.caughtUp("keywatch.dead_letter", "keywatch.dead_letter");
    const agents = await text(
      "SELECT user_agent FROM events FINAL WHERE user_agent LIKE 'after %' OR user_agent = 'big'",
    );
    expect(agents.trim().split("\n").length).toBe(poison.length + 2);
    expect(await cluster.count("events")).toBeGreaterThanOrEqual(before + poison.length + 2);
    const letters = await text("SELECT reason, raw, position FROM dead_letters FINAL");
    expect(letters.trim().split("\n").length).toBeGreaterThanOrEqual(8);
    expect(letters.replaceAll("\\/", "/")).toContain("kafka:cloudtrail/0@");
    expect(`${letters}${await text("SELECT * FROM events")}`).not.toContain(LEAKED);
    expect(await topicText("keywatch.dead_letter")).not.toContain(LEAKED);
    expect(await topicText("keywatch.events")).not.toContain(LEAKED);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("what somebody else writes into our topics is put aside", async () => {
    const before = await cluster.count("dead_letters");
    await cluster.produce("keywatch.events", [`nonsense ${LEAKED}`, '{"columns":["event_uid"],"rows":[[7]]}'], 1);
    await cluster.produce("keywatch.findings", ["nonsense"]);
    await cluster.produce("keywatch.commands", ["nonsense", '{"id":1}']);
    await cluster.produce(
      "cloudtrail",
      [JSON.stringify(cloudTrail({ eventTime: recently(), userAgent: "still here" }))],
      1,
    );
    await until("the letters", async () => (await cluster.count("dead_letters")) >= before + 2);
    await until("the event", async () => (await text("SELECT 1 FROM events WHERE user_agent = 'still here'")) !== "");
    expect(await text("SELECT raw FROM dead_letters")).not.toContain(LEAKED);
  });

  test("one record in two messages, or in a message that comes again, is one event", async () => {
    const twin = JSON.stringify(cloudTrail({ eventTime: recently(), userAgent: "twin" }));
    await cluster.produce("cloudtrail", [twin, twin], 0);
    await cluster.produce("cloudtrail", [twin], 1);
    await cluster.produce("anything", [twin]);
    for (const topic of ["cloudtrail", "anything"]) await cluster.caughtUp("keywatch.ingest", topic);
    await cluster.caughtUp("keywatch.detect", "keywatch.events");
    expect(
      Number((await cluster.store.rows("SELECT count() AS n FROM events FINAL WHERE user_agent = 'twin'"))[0]!.n),
    ).toBe(1);
  });

  test("a key that somebody else revoked is known as revoked, whichever partition it lives in", async () => {
    const admin = {
      type: "IAMUser",
      arn: "arn:aws:iam::111122223333:user/admin",
      accountId: "111122223333",
      accessKeyId: "AKIAIOSFODNN8EXAMPLE",
      userName: "admin",
    };
    const users = (group: string) =>
      Array.from({ length: 6 }, (_, i) => ({
        type: "IAMUser",
        arn: `arn:aws:iam::111122223333:user/${group}-${i}`,
        accountId: "111122223333",
        accessKeyId: `AKIAIOSFODNN${i}${group.toUpperCase()}`,
        userName: `${group}-${i}`,
      }));
    const at = (secondsAgo: number) => new Date(Date.now() - 1000 * secondsAgo).toISOString().replace(/\.\d+Z$/, "Z");
    const deletion = ({ userName, accessKeyId }: ReturnType<typeof users>[number]): string =>
      JSON.stringify(
        cloudTrail({
          eventTime: at(300),
          eventSource: "iam.amazonaws.com",
          eventName: "DeleteAccessKey",
          readOnly: false,
          userIdentity: admin,
          requestParameters: { userName, accessKeyId },
        }),
      );
    const use = (userIdentity: ReturnType<typeof users>[number]): string =>
      JSON.stringify(cloudTrail({ eventTime: at(60), userIdentity }));
    const count = async (sql: string) => Number((await cluster.store.rows(sql))[0]!.n);
    const found = "SELECT count() AS n FROM findings FINAL WHERE detection = 'key_used_after_revocation'";
    await cluster.produce("cloudtrail", users("leaver").map(deletion));
    await cluster.produce("cloudtrail", users("leaver").map(use));
    await until("six findings", async () => (await count(found)) === 6);
    // The other way round: the word comes when the calls were judged.
    await cluster.produce("cloudtrail", users("missed").map(use));
    const judged = "SELECT count() AS n FROM events WHERE principal_uid LIKE '%user/missed-%'";
    await until("the calls", async () => (await count(judged)) === 6);
    await cluster.produce("cloudtrail", users("missed").map(deletion));
    await until("twelve findings", async () => (await count(found)) === 12);
  });

  test("SIGHUP: the process that alerts tells by the new config, a wrong one changes nothing", async () => {
    const [alert] = roles.slice(-1) as [RoleProcess];
    const good = readFileSync(cluster.config, "utf8");
    const elsewhere = await httpReceiver();
    const [team] = JSON.parse(good).receivers;
    const moved = { ...team, channels: [{ ...team.channels[0], url: elsewhere.url }] };
    const write = (userName: string, accessKeyId: string) =>
      cluster.produce("cloudtrail", [
        JSON.stringify(
          cloudTrail({
            eventTime: recently(),
            eventName: "PutObject",
            readOnly: false,
            userIdentity: {
              type: "IAMUser",
              arn: `arn:aws:iam::111122223333:user/${userName}`,
              accountId: "111122223333",
              accessKeyId,
              userName,
            },
          }),
        ),
      ]);
    try {
      writeFileSync(cluster.config, JSON.stringify({ ...JSON.parse(good), route: { receiver: "nobody" } }));
      alert.child.kill("SIGHUP");
      await until("the refusal", () => alert.said().includes("no receiver named"));
      writeFileSync(cluster.config, JSON.stringify({ ...JSON.parse(good), receivers: [moved] }));
      alert.child.kill("SIGHUP");
      await until("the reload", () => alert.said().includes("In force now: receivers"));
      await write("third", "AKIAI44QH8DHCEXAMPLE");
      await until("the message at the new receiver", () =>
        elsewhere.requests.some((r) => r.body.includes("third-bot")),
      );
      expect(receiver.requests.filter((r) => r.body.includes("third-bot"))).toEqual([]);
    } finally {
      writeFileSync(cluster.config, good);
      alert.child.kill("SIGHUP");
      await until("the config of before", () => alert.said().split("In force now: receivers").length > 2);
      await elsewhere.stop();
    }
  });

  test("a standby alerts when the active one is killed, and numbers on", async () => {
    const before = receiver.requests.length;
    const other = {
      type: "IAMUser",
      arn: "arn:aws:iam::111122223333:user/other",
      accountId: "111122223333",
      accessKeyId: "AKIAI44QH8DHBEXAMPLE",
      userName: "other",
    };
    const standby = cluster.start("alert");
    await until("the standby", () => standby.said().includes("runs alert"));
    await roles[1]!.kill("SIGKILL");
    await cluster.produce("cloudtrail", [
      JSON.stringify(
        cloudTrail({
          eventTime: recently(),
          eventName: "DeleteBucket",
          readOnly: false,
          userIdentity: other,
        }),
      ),
    ]);
    await until("the next message", () => receiver.requests.length > before, 60_000);
    const numbers = await cluster.store.rows(
      "SELECT incident_uid, groupArray(n) AS ns FROM (SELECT * FROM transitions FINAL ORDER BY n) GROUP BY incident_uid",
    );
    for (const { ns } of numbers) expect(ns).toEqual((ns as number[]).map((_, i) => i + 1));
    expect(receiver.requests.length).toBeGreaterThan(before);
  });

  test("what is wrong with a declared key as it is held is told once, by one process for all", async () => {
    const told = "SELECT key_name, count() AS n FROM findings WHERE detection = 'rotation_overdue' GROUP BY key_name";
    await until("the finding", async () => (await cluster.store.rows(told)).length > 0);
    const rows = await cluster.store.rows(told);
    expect(rows.map((r) => [r.key_name, Number(r.n)])).toEqual([["old-bot", 1]]);
  });

  test("topics create changes nothing twice, grows, and refuses to shrink", async () => {
    const same = await ask("topics", "create", "--partitions", "3");
    expect([same.code, same.stdout]).toEqual([0, expect.stringContaining("keywatch.events: there, 3 partition(s)")]);
    const fewer = await ask("topics", "create", "--partitions", "2");
    expect([fewer.code, fewer.stderr]).toEqual([1, expect.stringContaining("cannot shrink")]);
  });

  test("SIGTERM in mid-batch: what is under way is finished, saved and committed, and the next process goes on from there", async () => {
    const names = Array.from({ length: 9 }, (_, i) => `busy-${i}`);
    const records = Array.from({ length: 20_000 }, (_, i) => {
      const userName = names[i % names.length]!;
      const arn = `arn:aws:iam::111122223333:user/${userName}`;
      const accessKeyId = `AKIAIOSFODNN${i % names.length}BUSYKY`;
      const userIdentity = { type: "IAMUser", arn, accountId: "111122223333", accessKeyId, userName };
      return JSON.stringify(cloudTrail({ eventTime: recently(), userAgent: "mid-batch", userIdentity }));
    });
    const stored = async (column: string) =>
      Number(
        (await cluster.store.rows(`SELECT ${column} AS n FROM events FINAL WHERE user_agent = 'mid-batch'`))[0]!.n,
      );
    await cluster.produce("cloudtrail", records);
    await until("the first of them", async () => (await stored("count()")) > 0, 60_000);
    const began = Date.now();
    await roles[0]!.kill("SIGTERM");
    expect([roles[0]!.child.exitCode, roles[0]!.said()]).toEqual([
      0,
      expect.not.stringContaining("did not stop in order"),
    ]);
    expect(Date.now() - began).toBeLessThan(27_000);
    // It was in the middle of it.
    const left = (await cluster.lag("keywatch.ingest", "cloudtrail")) + (await cluster.lag("keywatch.detect", EVENTS));
    expect(left).toBeGreaterThan(0);
    // Nothing is stored that was not judged: a process that is killed leaves events above its checkpoint.
    const above = async () => {
      const saved = await checkpoints();
      const newest = await cluster.store.rows(
        "SELECT principal_uid, max(seq) AS seq FROM events GROUP BY principal_uid",
      );
      return newest.filter((r) => Number(r.seq) > saved[partitionOf(String(r.principal_uid), 3)]!);
    };
    expect(await above()).toEqual([]);
    // The group was told the same, or that it is behind the marker of a transaction, which holds nothing.
    const places = (await checkpoints()).map(nextOffset);
    for (const [i, place] of (await committed("keywatch.detect", EVENTS)).entries())
      expect([0, 1]).toContain(place - places[i]!);
    roles[0] = cluster.start("ingest,detect");
    await cluster.caughtUp("keywatch.ingest", "cloudtrail");
    await cluster.caughtUp("keywatch.detect", EVENTS);
    expect([await stored("count()"), await stored("uniq(event_uid)")]).toEqual([records.length, records.length]);
    expect(await above()).toEqual([]);
  });

  /** Up to which number each partition of the events was judged. */
  async function checkpoints(): Promise<number[]> {
    const rows = await cluster.store.rows(
      `SELECT log, detected_to FROM checkpoints FINAL WHERE log LIKE '${EVENTS}/%' ORDER BY log`,
    );
    return rows.map((r) => Number(r.detected_to));
  }

  async function committed(groupId: string, topic: string): Promise<number[]> {
    const admin = cluster.kafka.admin();
    await admin.connect();
    const [read] = await admin.fetchOffsets({ groupId, topics: [topic] });
    await admin.disconnect();
    return read!.partitions.sort((x, y) => x.partition - y.partition).map((p) => Number(p.offset));
  }

  /** Everything that a topic holds, as text. */
  async function topicText(topic: string): Promise<string> {
    const consumer = cluster.kafka.consumer({ groupId: `look-${Math.random()}`, maxWaitTimeInMs: 200 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let all = "";
    let last = Date.now();
    await consumer.run({
      eachMessage: async ({ message }) => {
        all += message.value?.toString("utf8");
        last = Date.now();
      },
    });
    await until("the end of the topic", () => all !== "" && Date.now() - last > 1_500);
    await consumer.disconnect();
    return all;
  }
});
