import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTopic, createTopics, topicsOf } from "../../ingest/kafka/topics.ts";
import { cloudTrail } from "../records.ts";
import { tempFolder, until } from "../support.ts";
import { brokerMissing } from "./broker.ts";
import { type Cluster, type RoleProcess, startCluster } from "./cluster.ts";

const missing = brokerMissing();
const recently = () => new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z$/, "Z");
const topics = topicsOf("keywatch");

describe.skipIf(missing !== null)(
  `a topic that is not as it was left${missing ? ` (skipped: ${missing})` : ""}`,
  () => {
    let cluster: Cluster;
    let role: RoleProcess;

    beforeAll(async () => {
      cluster = await startCluster({
        folder: tempFolder(),
        partitions: 1,
        rawTopics: [{ topic: "cloudtrail", provider: "aws_cloudtrail" }],
        inventory: {
          keys: [{ name: "report-bot", provider: "aws_cloudtrail", id: "AKIAIOSFODNN7EXAMPLE", access: "read" }],
        },
      });
      await begin("ingest,detect");
    }, 120_000);
    afterAll(() => cluster?.stop());

    /** A process that was told to stop while it starts saves nothing: whoever starts one waits for it. */
    async function begin(roles: string): Promise<void> {
      role = cluster.start(roles);
      await until(`${roles} to run`, () => role.said().includes(`runs ${roles.replace(",", ", ")}`), 60_000);
    }

    const record = (userAgent: string, over: object = {}) =>
      JSON.stringify(cloudTrail({ eventTime: recently(), userAgent, ...over }));
    const write = (eventName: string) => record(eventName, { eventName, readOnly: false });
    const writes = async () =>
      (await cluster.store.rows("SELECT dimension FROM findings FINAL WHERE detection = 'write_on_read_only_key'"))
        .length;
    const agents = async () =>
      (await cluster.store.rows("SELECT user_agent FROM events FINAL ORDER BY user_agent")).map((r) => r.user_agent);
    const copies = async () => Number((await cluster.store.rows("SELECT count() AS n FROM events"))[0]!.n);
    const judgedTo = async () =>
      (
        await cluster.store.rows(
          "SELECT log, toUInt64(detected_to) AS n FROM checkpoints FINAL WHERE log = 'keywatch.events/0'",
        )
      )[0]!.n;

    async function onAdmin(work: (admin: ReturnType<Cluster["kafka"]["admin"]>) => Promise<void>): Promise<void> {
      const admin = cluster.kafka.admin();
      await admin.connect();
      await work(admin).finally(() => admin.disconnect());
    }

    /** Takes all topics away and makes new ones of the same names. */
    const lose = (names: string[]) =>
      onAdmin(async (admin) => {
        await admin.deleteTopics({ topics: names });
        const gone = async () => (await admin.listTopics()).every((name) => !names.includes(name));
        await cluster.waitFor("the topics to go", gone, 20_000);
        if (names.includes("cloudtrail")) await createTopic(admin, { topic: "cloudtrail", numPartitions: 1 });
        await createTopics(cluster.kafka, topics, { partitions: 1, replication: 1 });
      });

    const first = ["a", "b", "c", "d", "e", "f"];

    /** One message each, so that the checkpoint is some way into the topic. */
    async function sendEach(records: string[]): Promise<void> {
      for (const text of records) {
        await cluster.produce("cloudtrail", [text]);
        await cluster.caughtUp("keywatch.ingest", "cloudtrail");
      }
    }

    test("a new one of the same name is read from its beginning, and what was judged before is not judged again", async () => {
      const old = first.map((name) => record(name));
      await sendEach(old);
      await until("the first events", async () => (await agents()).length === first.length, 60_000);
      await role.kill("SIGTERM");
      const before = Number(await judgedTo());
      expect(before).toBeGreaterThan(first.length * 4096);

      await lose(Object.values(topics));
      await begin("ingest,detect");
      await sendEach([old[0]!, write("PutObject")]);
      await until("the finding", async () => (await writes()) === 1, 60_000).catch((e: Error) => {
        throw new Error(`${e.message}\n${role.said()}`);
      });
      expect(role.said()).toContain("is read from its beginning");
      expect(await agents()).toEqual(["PutObject", ...first]);
      expect(await copies()).toBe(first.length + 1);
      await role.kill("SIGTERM");
      expect(Number(await judgedTo())).toBeGreaterThan(before);
      expect(await cluster.lag("keywatch.detect", topics.events)).toBe(0);
    });

    test("it goes on from there at the next start, without a word", async () => {
      await begin("ingest,detect");
      await sendEach([write("DeleteObject")]);
      await until("its event", async () => (await agents()).length === first.length + 2, 60_000);
      expect(role.said()).not.toContain("is read from its beginning");
      expect(await copies()).toBe(first.length + 2);
    });

    test("it may be another one while it is read", async () => {
      await sendEach(["g", "h", "i"].map((name) => record(name)));
      await until("its events", async () => (await agents()).length === first.length + 5, 60_000);
      await lose(["cloudtrail", topics.events]);
      await cluster.produce("cloudtrail", [record("j")]);
      await until("the next event", async () => (await agents()).includes("j"), 90_000).catch((e: Error) => {
        throw new Error(`${e.message}\n${role.said()}`);
      });
      expect(await copies()).toBe(first.length + 6);
    });

    test("a new one that grew past the checkpoint is read from its beginning too", async () => {
      await role.kill("SIGTERM");
      await lose(Object.values(topics));
      await begin("ingest");
      const more = Array.from({ length: 25 }, (_, i) => `k${i}`);
      await sendEach(more.map((name) => record(name)));
      await role.kill("SIGTERM");
      await begin("ingest,detect");
      const all = async () => {
        const there = await agents();
        return more.every((name) => there.includes(name));
      };
      await until("all of them", all, 60_000);
      expect(role.said()).toContain("do not know how far this topic was read");
      await until("their number", async () => (await copies()) === first.length + 6 + more.length, 60_000).catch(
        (e: Error) => {
          throw new Error(`${e.message}\n${role.said()}`);
        },
      );
    });

    test("what retention took before it was judged is told, with how much", async () => {
      await role.kill("SIGTERM");
      await begin("ingest");
      await sendEach(["lost1", "lost2"].map((name) => record(name)));
      await onAdmin(async (admin) => {
        const [end] = await admin.fetchTopicOffsets(topics.events);
        await admin.deleteTopicRecords({ topic: topics.events, partitions: [{ partition: 0, offset: end!.high }] });
      });
      await sendEach([record("kept")]);
      await role.kill("SIGTERM");
      await begin("ingest,detect");
      await until("what is left", async () => (await agents()).includes("kept"), 60_000);
      expect(await agents()).not.toContain("lost1");
      const line = role
        .said()
        .split("\n")
        .find((l) => l.includes("before they were read"));
      expect(JSON.parse(line!)).toMatchObject({ level: "error", topic: topics.events, partition: 0, lost_at_most: 4 });
    });
  },
);
