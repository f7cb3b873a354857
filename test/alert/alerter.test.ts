import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Alerter, type AlerterOptions, createAlerter } from "../../alert/alerter.ts";
import type { ConfigText } from "../../schemas/config.ts";
import type { Finding } from "../../schemas/finding.ts";
import { type Command, incidentLabel, incidentUid } from "../../schemas/incident.ts";
import type { Store } from "../../schemas/store/store.ts";
import { httpReceiver, type Play } from "./receivers.ts";
import { configOf, DAY, fakeClock, finding, HOUR, MINUTE, openStore, T0, until, weak, wipe } from "./support.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
let store: Store;
let server: Awaited<ReturnType<typeof httpReceiver>>;
let slow: Awaited<ReturnType<typeof httpReceiver>>;
let clock = fakeClock();

beforeAll(async () => {
  opened = await openStore();
  store = opened.store;
});
afterAll(() => opened.close());
beforeEach(async () => {
  await wipe(store);
  clock = fakeClock();
  await server?.stop();
  await slow?.stop();
  server = await httpReceiver();
  slow = await httpReceiver();
});
afterAll(async () => {
  await server.stop();
  await slow.stop();
});

const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
const webhook = (url: string, change: object = {}) => ({
  kind: "webhook" as const,
  url,
  secrets: [secret],
  allow_private_addresses: true,
  ...change,
});
const plain = (): ConfigText => ({
  receivers: [{ name: "team", channels: [webhook(server.url)] }],
  route: { receiver: "team", group_wait: "30s" },
});
const make = (config: ConfigText = plain(), change: Partial<AlerterOptions> = {}): Promise<Alerter> =>
  createAlerter({ store, config: configOf(config), now: clock.now, random: () => 0, ...change });

interface Said {
  type: string;
  id: string;
  data: {
    transitions: { n: number; kind: string }[];
    changes: string[];
    incident: { severity: string; uid: string };
  };
}
const said = (from = server): Said[] =>
  from.requests.map((r) => ({ ...(JSON.parse(r.body) as Said), id: String(r.headers["webhook-id"]) }));
const types = (from = server) => said(from).map((s) => s.type);
const at = (ms: number, change: Partial<Finding> = {}) =>
  finding({ first_seen: T0 + ms, dimension: `d${ms}`, ...change });
let commands = 0;
const command = (incident_uid: string, kind: Command["kind"], change: Partial<Command> = {}): Command => ({
  id: `cmd-${commands++}`,
  incident_uid,
  kind,
  actor: "ann",
  at: clock.now(),
  note: "",
  assignee: null,
  verdict: null,
  ...change,
});
const advance = async (alerter: Alerter, ms: number) => {
  clock.move(ms);
  await alerter.tick();
};

describe("group_wait", () => {
  test("the first message waits, and takes in what happens meanwhile", async () => {
    const alerter = await make();
    await alerter.apply([at(0)]);
    await advance(alerter, 10_000);
    await alerter.apply([at(1, { severity: "high" })]);
    await alerter.apply([at(2)]);
    await advance(alerter, 19_999);
    expect(said()).toEqual([]);
    await advance(alerter, 1);
    expect(said()).toMatchObject([
      {
        type: "incident.triggered",
        data: { transitions: [{ n: 1 }, { n: 2 }, { n: 3 }], incident: { severity: "high" } },
      },
    ]);
    expect(said()[0]!.data.changes).toEqual([
      "Opened at medium, 1 finding",
      "Escalated: medium -> high: Key used from a place it never used before",
    ]);
    await advance(alerter, 3 * HOUR);
    expect(said()).toHaveLength(1);
    await alerter.idle();
  });

  test("later transitions go at once, one message each; mere updates are not sent", async () => {
    const alerter = await make();
    const [first] = await alerter.apply([at(0)]);
    await advance(alerter, 30_000);
    await alerter.apply([at(1)]);
    await alerter.apply([at(2, { severity: "critical" })]);
    const uid = first!.incident_uid;
    await alerter.command(command(uid, "acknowledge"));
    await alerter.command(command(uid, "resolve", { verdict: "true_positive", note: "key rotated" }));
    await alerter.apply([at(3)]);
    await alerter.tick();
    expect(said().map((s) => s.data.transitions[0]?.kind)).toEqual([
      "opened",
      "escalated",
      "acknowledged",
      "resolved",
      "reopened",
    ]);
    expect(types()).toEqual([
      "incident.triggered",
      "incident.updated",
      "incident.acknowledged",
      "incident.resolved",
      "incident.reopened",
    ]);
    expect(new Set(said().map((s) => s.id)).size).toBe(5);
    expect((await alerter.transitions(uid)).map((t) => t.kind)).toEqual([
      "opened",
      "updated",
      "escalated",
      "acknowledged",
      "resolved",
      "reopened",
    ]);
  });

  test("without a route the first receiver hears after 5 s", async () => {
    const lines: string[] = [];
    const alerter = await make({}, { output: { write: (text) => void lines.push(text), colour: false } });
    await alerter.apply([finding()]);
    await advance(alerter, 4_999);
    expect(lines).toEqual([]);
    await advance(alerter, 1);
    expect(lines.join("")).toContain("[MEDIUM]  billing-report-bot: Key used from a place");
  });
});

describe("who hears", () => {
  test("an escalation reaches whom it is routed to now, and everyone who heard before", async () => {
    const alerter = await make({
      receivers: [
        { name: "team", channels: [webhook(server.url)] },
        { name: "pager", channels: [webhook(slow.url, { send_resolved: false })] },
      ],
      route: { receiver: "team", group_wait: "1s", routes: [{ matchers: ["severity=critical"], receiver: "pager" }] },
    });
    const [first] = await alerter.apply([at(0)]);
    await advance(alerter, 1_000);
    await alerter.apply([at(1, { severity: "critical" })]);
    await advance(alerter, 1_000);
    expect([types(), types(slow)]).toEqual([["incident.triggered", "incident.updated"], ["incident.triggered"]]);
    await alerter.command(command(first!.incident_uid, "acknowledge"));
    await alerter.command(command(first!.incident_uid, "resolve", { verdict: "benign" }));
    await alerter.tick();
    expect(types().slice(2)).toEqual(["incident.acknowledged", "incident.resolved"]);
    expect(types(slow).slice(1)).toEqual(["incident.acknowledged"]);
  });

  test("nobody is told of old findings, nor of anything in a report; both are stored", async () => {
    const alerter = await make();
    await alerter.apply([at(0)], { report: true });
    await alerter.apply([at(-DAY - HOUR, { subject_uid: "old", severity: "critical" })]);
    await advance(alerter, HOUR);
    expect(said()).toEqual([]);
    expect(await alerter.list()).toHaveLength(2);
  });

  test("an incident of a report that goes on in earnest is told, though it does not get worse", async () => {
    const alerter = await make();
    await alerter.apply([at(0)], { report: true });
    await alerter.apply([at(0)]);
    await advance(alerter, MINUTE);
    expect(said()).toEqual([]);
    await alerter.apply([at(MINUTE)]);
    await advance(alerter, 30_000);
    expect(types()).toEqual(["incident.triggered"]);
  });
});

describe("replay", () => {
  const findings = [
    at(0),
    at(1, { severity: "high" }),
    weak("off_hours", { subject_uid: "x" }),
    at(3, { subject_uid: "y" }),
  ];

  test("the same findings again, also by a new process, decide and say nothing", async () => {
    const first = await make();
    expect(await first.apply(findings)).toHaveLength(3);
    expect(await first.apply(findings)).toEqual([]);
    await advance(first, 30_000);
    await first.stop();
    const count = server.requests.length;
    const second = await make();
    expect(await second.apply([...findings].reverse())).toEqual([]);
    await advance(second, HOUR);
    expect(server.requests).toHaveLength(count);
  });

  test("in other batches it comes to the same incidents", async () => {
    const many = Array.from({ length: 60 }, (_, i) =>
      at(i * HOUR, { subject_uid: `s${i % 5}`, detection: `d${i % 4}`, severity: i % 3 ? "low" : "medium" }),
    );
    const states: string[] = [];
    for (const size of [1, 7, 60]) {
      await wipe(store);
      const alerter = await make();
      for (let i = 0; i < many.length; i += size) await alerter.apply(many.slice(i, i + size));
      const list = await alerter.list();
      states.push(JSON.stringify(list.map(({ n: _n, ...state }) => state)));
    }
    expect(states[1]).toBe(states[0]);
    expect(states[2]).toBe(states[0]);
  });

  test("a weak finding that waits survives a restart and meets its second signal", async () => {
    await (await make()).apply([weak("off_hours")]);
    const [t] = await (await make()).apply([weak("new_operation")]);
    expect(t).toMatchObject({
      kind: "opened",
      state: { severity: "medium", detections: ["new_operation", "off_hours"] },
    });
  });

  test("a command id counts once, also for a new process", async () => {
    const first = await make();
    const [t] = await first.apply([at(0)]);
    const ack = command(t!.incident_uid, "acknowledge");
    expect(await first.command(ack)).toMatchObject({ kind: "acknowledged", n: 2 });
    expect(await first.command(ack)).toBeNull();
    expect(await (await make()).command(ack)).toBeNull();
  });
});

describe("a kill between the writes", () => {
  const tables = ["transitions", "incidents", "held_findings", "messages", "deliveries"];

  test.each(tables)(
    "the store refuses %s once: the call fails, doing it again makes it good, each is told once",
    async (table) => {
      let refuse = true;
      const flaky: Store = Object.assign(Object.create(store) as Store, {
        insert(into: string, rows: readonly object[]) {
          if (refuse && into === table && rows.length > 0) {
            refuse = false;
            return Promise.reject(new Error(`disk full while writing ${into}`));
          }
          return store.insert(into, rows);
        },
        ask: store.ask.bind(store),
      });
      const alerter = await make(plain(), { store: flaky });
      const findings = [at(0), weak("off_hours", { subject_uid: "w" })];
      const call = () => alerter.apply(findings);
      if (table !== "deliveries") await expect(call()).rejects.toThrow("disk full");
      await call();
      for (let i = 0; i < 4; i++) await advance(alerter, 30_000);
      await alerter.idle();
      expect(types()).toEqual(["incident.triggered"]);
      expect(await store.rows("SELECT status, attempts FROM outbox")).toEqual([{ status: "delivered", attempts: 1 }]);
      expect(await store.rows("SELECT finding_uid FROM held_findings FINAL")).toHaveLength(1);
    },
  );

  test("transitions without their outbox rows are told after the next start, with the receivers of their time", async () => {
    await (await make()).apply([at(0), at(1, { severity: "high" })]);
    await store.command("TRUNCATE TABLE messages");
    const other = configOf({
      ...plain(),
      receivers: [...plain().receivers!, { name: "new", channels: [webhook(slow.url)] }],
    });
    const alerter = await make({
      ...plain(),
      receivers: other.receivers.map((r) => ({
        name: r.name,
        channels: r.channels.map((c) => webhook((c as { url: string }).url)),
      })),
    });
    await advance(alerter, 30_000);
    await alerter.idle();
    expect(said()).toMatchObject([{ data: { transitions: [{ n: 1 }, { n: 2 }] } }]);
    expect(said(slow)).toEqual([]);
  });

  test("an incident that a kill kept out of the list is there after the next start", async () => {
    await (await make()).apply([at(0), at(0, { subject_uid: "b" })]);
    await store.command("TRUNCATE TABLE incidents");
    expect(await (await make()).list()).toHaveLength(2);
  });

  test("what is pending is told by the next process, with the same id as the attempt before the kill", async () => {
    const first = await make();
    await first.apply([at(0)]);
    server.script("server_error");
    await advance(first, 30_000);
    const second = await make();
    await advance(second, HOUR);
    await second.idle();
    const [a, b] = said();
    expect(b!.id).toBe(a!.id);
    expect(await store.rows("SELECT attempt, outcome FROM deliveries FINAL ORDER BY attempt")).toEqual([
      { attempt: 1, outcome: "retry" },
      { attempt: 2, outcome: "ok" },
    ]);
  });

  test("a channel that the config no longer has: the message fails and says why", async () => {
    await (await make()).apply([at(0)]);
    const errors: string[] = [];
    const alerter = await make(
      { receivers: [{ name: "other", channels: [webhook(slow.url)] }] },
      { log: (level, sentence) => void errors.push(`${level}: ${sentence}`) },
    );
    await advance(alerter, 30_000);
    expect(errors).toEqual([
      "error: A message was not delivered. The config has no channel 0:webhook in receiver team any more.",
    ]);
    expect(await store.rows("SELECT status, reason FROM outbox")).toEqual([{ status: "failed", reason: "rejected" }]);
  });
});

describe("retry", () => {
  test("429 and 5xx are tried again, Retry-After is honoured, and the receiver sees one id", async () => {
    const alerter = await make();
    await alerter.apply([at(0)]);
    server.script("rate_limited", "server_error");
    await advance(alerter, 30_000);
    await advance(alerter, 6_999);
    expect(server.requests).toHaveLength(1);
    await advance(alerter, 600);
    expect(server.requests).toHaveLength(2);
    await advance(alerter, 500);
    await alerter.idle();
    expect(server.requests).toHaveLength(3);
    expect(new Set(said().map((s) => s.id)).size).toBe(1);
  });

  test("an incident's later transition never overtakes an earlier one that still waits", async () => {
    const alerter = await make();
    const [t] = await alerter.apply([at(0)]);
    server.script("server_error", "server_error", "server_error");
    await advance(alerter, 30_000);
    await alerter.command(command(t!.incident_uid, "acknowledge"));
    await alerter.command(command(t!.incident_uid, "resolve", { verdict: "benign" }));
    for (let i = 0; i < 5; i++) await advance(alerter, 10 * MINUTE);
    await alerter.idle();
    expect(types()).toEqual([
      ...Array<string>(4).fill("incident.triggered"),
      "incident.acknowledged",
      "incident.resolved",
    ]);
  });

  test("other 4xx fail at once and do not keep the next message back", async () => {
    const alerter = await make();
    const [t] = await alerter.apply([at(0)]);
    server.script("rejected");
    await advance(alerter, 30_000);
    await alerter.command(command(t!.incident_uid, "acknowledge"));
    await alerter.tick();
    await alerter.idle();
    expect(said().map((s) => s.data.transitions[0]?.kind)).toEqual(["opened", "acknowledged"]);
    expect(types()[1]).toBe("incident.acknowledged");
  });

  test("after a day of trying it is given up, and said so", async () => {
    const errors: string[] = [];
    const alerter = await make(
      { ...plain(), alert: { auto_resolve: "30d" } },
      { random: () => 0.99, log: (_level, sentence) => void errors.push(sentence) },
    );
    await alerter.apply([at(0)]);
    server.script(...Array<Play>(2_000).fill("server_error"));
    clock.move(30_000);
    for (let i = 0; i < 26 * 12; i++) await advance(alerter, 5 * MINUTE);
    await alerter.idle();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^A message was not delivered\. Given up after a day: 127\.0\.0\.1:\d+ answered 503\.$/);
    expect(server.requests.length).toBeGreaterThan(90);
    expect(server.requests.length).toBeLessThan(130);
  });

  test("a channel that hangs delays only itself", async () => {
    const alerter = await make({
      receivers: [{ name: "team", channels: [webhook(slow.url, { timeout: "1s" }), webhook(server.url)] }],
      route: { receiver: "team", group_wait: "0s" },
    });
    slow.script("hang");
    await alerter.apply(Array.from({ length: 5 }, (_, i) => at(i, { subject_uid: `s${i}` })));
    const ticking = alerter.tick();
    const started = Date.now();
    while (server.requests.length < 5 && Date.now() - started < 900) await new Promise((r) => setTimeout(r, 10));
    expect(server.requests).toHaveLength(5);
    expect(slow.requests).toHaveLength(1);
    await ticking;
  });
});

describe("on a timer", () => {
  test("start sends by itself, and stop lets what is under way end and begins nothing", async () => {
    const alerter = await make({ ...plain(), route: { receiver: "team", group_wait: "0s" } });
    server.script("late");
    await alerter.apply([at(0, { subject_uid: "a" }), at(0, { subject_uid: "b" })]);
    alerter.start();
    await until(() => server.requests.length === 1);
    await alerter.stop();
    expect(await store.rows("SELECT status, count() AS n FROM outbox GROUP BY status ORDER BY status")).toEqual([
      { status: "delivered", n: 1 },
      { status: "pending", n: 1 },
    ]);
  });
});

describe("quiet incidents", () => {
  test("are resolved after a day, those that heard hear it, critical ones wait for a verdict", async () => {
    const alerter = await make({ ...plain(), route: { receiver: "team", group_wait: "30s", repeat_interval: "2d" } });
    await alerter.apply([at(0), at(0, { subject_uid: "crit", severity: "critical" })]);
    await advance(alerter, 30_000);
    await advance(alerter, DAY - 31_000);
    expect(types()).toEqual(["incident.triggered", "incident.triggered"]);
    await advance(alerter, 2 * MINUTE);
    expect(types().slice(2)).toEqual(["incident.resolved"]);
    expect(said()[2]!.data.changes).toEqual(["Resolved: quiet for 24 h"]);
    expect((await alerter.list()).map((i) => [i.severity, i.status])).toEqual([
      ["critical", "open"],
      ["medium", "resolved"],
    ]);
  });
});

describe("looking up", () => {
  test("a uid, its beginning and the label name the incident", async () => {
    const alerter = await make();
    await alerter.apply([finding()]);
    const uid = incidentUid(finding().uid);
    for (const name of [uid, uid.slice(0, 6), incidentLabel(uid), incidentLabel(uid).toLowerCase()]) {
      expect((await alerter.get(name))?.uid).toBe(uid);
    }
    expect(await alerter.command(command(incidentLabel(uid), "acknowledge"))).toMatchObject({ incident_uid: uid });
  });

  test("an unknown one, and one that is none, is said so in a sentence", async () => {
    const alerter = await make();
    expect(await alerter.get("ffffffff")).toBeNull();
    await expect(alerter.command(command("INC-ffffffff", "acknowledge"))).rejects.toThrow(
      /There is no incident INC-ffffffff\./,
    );
    await expect(alerter.get("'; DROP TABLE incidents")).rejects.toThrow(/names no incident/);
  });

  test("lists filter by status, severity, time and text", async () => {
    const alerter = await make();
    await alerter.apply([
      at(0, { severity: "high" }),
      at(0, { subject_uid: "b", key_name: "ci-deploy" }),
      at(-2 * DAY, { subject_uid: "c" }),
    ]);
    const count = async (filter: Parameters<Alerter["list"]>[0]) => (await alerter.list(filter)).length;
    expect(await count({})).toBe(3);
    expect(await count({ minSeverity: "high" })).toBe(1);
    expect(await count({ statuses: ["resolved"] })).toBe(0);
    expect(await count({ since: T0 - HOUR })).toBe(2);
    expect(await count({ text: "CI-dep" })).toBe(1);
    expect(await count({ limit: 1 })).toBe(1);
    expect((await alerter.list())[0]!.severity).toBe("high");
  });
});

test("a storm of 500 incidents is decided in one go, and each is told once", async () => {
  const alerter = await make({ ...plain(), route: { receiver: "team", group_wait: "0s" } });
  const storm = Array.from({ length: 500 }, (_, i) => at(0, { subject_uid: `storm${i}` }));
  const started = performance.now();
  expect(await alerter.apply(storm)).toHaveLength(500);
  expect(performance.now() - started).toBeLessThan(5_000);
  await alerter.tick();
  await alerter.idle();
  expect(new Set(said().map((s) => s.data.incident.uid)).size).toBe(500);
  expect(server.requests).toHaveLength(500);
}, 120_000);
