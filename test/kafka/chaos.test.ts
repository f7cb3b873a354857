import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../cli/demo/random.ts";
import { MINUTE_MS } from "../../schemas/duration.ts";
import { httpReceiver } from "../alert/receivers.ts";
import { tempFolder, until } from "../support.ts";
import { brokerMissing } from "./broker.ts";
import { type Cluster, type RoleProcess, startCluster } from "./cluster.ts";
import { findingLines, type Reference, referenceOf } from "./reference.ts";
import { story } from "./story.ts";
import { type Mood, type Trouble, troubleBefore } from "./trouble.ts";

const missing = brokerMissing();
/** `npm run test:heavy` goes 50 rounds. */
const ROUNDS = Number(process.env.KEYWATCH_CHAOS_ROUNDS ?? 4);
const SEED = Number(process.env.KEYWATCH_CHAOS_SEED ?? 1);
const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(missing !== null)(`trouble of every kind${missing ? ` (skipped: ${missing})` : ""}`, () => {
  // Old enough that nobody expects more of it, young enough that people are told.
  const end = Date.now() - 90 * MINUTE_MS;
  const { records, inventory } = story({ end, days: 20 });
  let cluster: Cluster;
  let alone: Reference;
  let trouble: Trouble;
  let receiver: Awaited<ReturnType<typeof httpReceiver>>;

  beforeAll(async () => {
    const folder = tempFolder();
    alone = await referenceOf(folder, records, inventory);
    receiver = await httpReceiver();
    const webhook = { kind: "webhook" as const, url: receiver.url, secrets: [secret], allow_private_addresses: true };
    cluster = await startCluster({
      folder,
      partitions: 3,
      rawTopics: [{ topic: "cloudtrail", provider: "aws_cloudtrail" }],
      inventory,
      config: {
        receivers: [{ name: "team", channels: [webhook] }],
        route: { receiver: "team", group_wait: "200ms", group_interval: "500ms" },
        kafka: { brokers: ["127.0.0.1:1"], settle: "25s" },
      },
      async door(url) {
        trouble = await troubleBefore(url);
        return trouble.url;
      },
    });
  }, 300_000);
  afterAll(async () => {
    await cluster?.stop();
    await trouble?.stop();
    await receiver?.stop();
  });

  test(`${ROUNDS} rounds: every event counted once, the same findings, every transition told once`, async () => {
    const random = createRandom("chaos", SEED);
    const roles: RoleProcess[] = ["ingest", "ingest", "detect", "detect", "alert", "alert"].map((r) =>
      cluster.start(r),
    );
    const kill = async () => {
      const i = random.int(roles.length);
      const { roles: name } = roles[i]!;
      await roles[i]!.kill("SIGKILL");
      roles[i] = cluster.start(name);
      return `kill -9 of ${name}`;
    };
    const store = async (mood: Mood, ms: number) => {
      trouble.mood(mood);
      await wait(ms);
      trouble.mood("well");
      return `store ${mood} for ${ms / 1000} s`;
    };
    const kinds: (() => Promise<string>)[] = [
      kill,
      async () => {
        await cluster.broker.kill();
        await cluster.broker.start();
        return "broker restarted";
      },
      () => store("errors", 4_000),
      async () => {
        const more = cluster.start("detect");
        await wait(6_000);
        await more.kill(random.chance(0.5) ? "SIGTERM" : "SIGKILL");
        return "a third judge came and went";
      },
      kill,
      () => store("slow", 4_000),
      async () => {
        const i = random.int(roles.length);
        const { child, roles: name } = roles[i]!;
        child.kill("SIGSTOP");
        await wait(9_000);
        child.kill("SIGCONT");
        return `${name} asleep for longer than its session`;
      },
      () => store("gone", ROUNDS > 10 ? random.pick([3_000, 10_000, 60_000]) : 5_000),
    ];
    for (let round = 0; round < ROUNDS; round++) {
      const slice = records.slice(
        Math.floor((records.length * round) / ROUNDS),
        Math.floor((records.length * (round + 1)) / ROUNDS),
      );
      const sent = cluster.produce(
        "cloudtrail",
        slice.map((r) => r.text),
      );
      await wait(random.int(1_500));
      const what = await (round < kinds.length ? kinds[round]! : random.pick(kinds))();
      await sent;
      process.stderr.write(`round ${round + 1}: ${what}\n`);
    }
    const calm = performance.now();
    await cluster.caughtUp("keywatch.ingest", "cloudtrail", 120_000);
    await cluster.caughtUp("keywatch.detect", "keywatch.events", 120_000);
    process.stderr.write(`all read ${((performance.now() - calm) / 1000).toFixed(1)} s after the last trouble\n`);
    const whole = async () => (await cluster.findingUids()).length >= alone.findings.length;
    await until("the findings", whole, 60_000).catch(() => undefined);
    const told = async () => (await pending()) === 0 && (await untold()).length === 0;
    await cluster.caughtUp("keywatch.alert", "keywatch.findings", 60_000);
    await until("every transition to be told", told, 60_000).catch(() => undefined);

    // Nobody gave up: whatever happened outside, a process that was not killed went on.
    expect(roles.filter((r) => r.child.exitCode !== null).map((r) => `${r.roles}: ${r.said()}`)).toEqual([]);
    expect(await cluster.count("events")).toBe(alone.events);
    expect(await findingLines(cluster.store)).toEqual(alone.lines);
    expect(receiver.requests.length).toBeGreaterThan(3);
    expect(await untold()).toEqual([]);
    expect(toldTwice()).toEqual([]);
  }, 3_600_000);

  const pending = async () =>
    Number((await cluster.store.rows("SELECT count() AS n FROM outbox WHERE status = 'pending'"))[0]!.n);

  /** Transitions by the ids of the messages that told them; a receiver that honours the id sees each message once. */
  function seen(): Map<string, Set<string>> {
    const seen = new Map<string, Set<string>>();
    for (const { body, headers } of receiver.requests) {
      const { data } = JSON.parse(body) as { data: { incident: { uid: string }; transitions: { n: number }[] } };
      for (const { n } of data.transitions) {
        const name = `${data.incident.uid} ${n}`;
        seen.set(name, (seen.get(name) ?? new Set()).add(String(headers["webhook-id"])));
      }
    }
    return seen;
  }

  const toldTwice = () => [...seen()].filter(([, ids]) => ids.size > 1).map(([name]) => name);

  async function untold(): Promise<string[]> {
    const rows = await cluster.store.rows("SELECT incident_uid, n FROM transitions FINAL WHERE targets != '[]'");
    const heard = seen();
    return rows.map((r) => `${r.incident_uid} ${r.n}`).filter((name) => !heard.has(name));
  }
});
