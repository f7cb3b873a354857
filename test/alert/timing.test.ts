import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DAY, HOUR, MINUTE, openStore, wipe } from "./support.ts";
import { createWorld } from "./world.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  opened = await openStore();
  world = await createWorld(opened.store);
});
afterAll(async () => {
  await world.stop();
  await opened.close();
});
beforeEach(() => wipe(opened.store));

const receivers = () => [
  { name: "hook", channels: [world.channel.hook()] },
  { name: "chat", channels: [world.channel.chat()] },
];
const hooks = () => world.hook().map((h) => h.text);

describe("group_by", () => {
  const grouped = (route: object = {}) => ({
    receivers: receivers(),
    route: { receiver: "chat", group_by: ["owner"], group_wait: "30s", group_interval: "5m", ...route },
  });

  test("several incidents of a group are one message after group_wait, other groups have their own", async () => {
    await world.start(grouped());
    await world.find("bot-a", { severity: "high" });
    await world.pass(10_000);
    await world.find("bot-b");
    await world.find("bot-x", { owner: "team-x" });
    await world.pass(30_000, 10_000);
    const chat = world.chat();
    expect(chat.map((h) => h.at)).toEqual([30_000, 40_000]);
    expect(chat[0]!.text).toMatch(/2 incidents: bot-a: Key used/);
    expect(world.servers.chat.requests[0]!.body).toMatch(/INC-[0-9a-f]{8} \[high\] bot-a: Key used/);
    expect(world.servers.chat.requests[0]!.body).toMatch(/INC-[0-9a-f]{8} \[medium\] bot-b: Key used/);
    expect(chat[1]!.text).toMatch(/bot-x: Key used/);
  });

  test("what comes later is one update of the group, group_interval after the last message", async () => {
    await world.start(grouped());
    const [a] = await world.find("bot-a");
    await world.pass(30_000);
    await world.find("bot-b");
    await world.pass(MINUTE);
    await world.find("bot-c");
    await world.command(a!.incident_uid, "acknowledge");
    await world.pass(10 * MINUTE, 30_000);
    expect(world.chat().map((h) => h.at)).toEqual([30_000, 30_000 + 5 * MINUTE]);
    expect(world.chat()[1]!.text.match(/INC-/g)).toHaveLength(3);
    expect(world.servers.chat.requests[1]!.body).toMatch(/Acknowledged by ann/);
  });

  test("after a quiet time a new one waits group_wait again, not an interval", async () => {
    await world.start(grouped());
    await world.find("bot-a");
    await world.pass(HOUR, MINUTE);
    await world.find("bot-b");
    await world.pass(5 * MINUTE, 10_000);
    expect(world.chat().map((h) => h.at)).toEqual([MINUTE, HOUR + 30_000]);
  });

  test("a restart between two incidents changes nothing of the message", async () => {
    await world.start(grouped());
    await world.find("bot-a");
    await world.start(grouped(), { keep: true });
    await world.find("bot-b");
    await world.pass(MINUTE, 10_000);
    await world.start(grouped(), { keep: true });
    await world.find("bot-c");
    await world.pass(10 * MINUTE, 10_000);
    expect(world.chat().map((h) => h.at)).toEqual([30_000, 30_000 + 5 * MINUTE]);
    expect(world.chat()[0]!.text).toMatch(/2 incidents/);
  });

  test("when all are over, the next one begins a group of its own", async () => {
    await world.start(grouped());
    const [a] = await world.find("bot-a");
    await world.pass(30_000);
    await world.command(a!.incident_uid, "resolve");
    await world.pass(10 * MINUTE, MINUTE);
    await world.find("bot-b");
    await world.pass(MINUTE, 10_000);
    const bundles = await opened.store.rows("SELECT uniqExact(splitByChar('@', bundle)[1]) AS groups FROM messages");
    expect(bundles).toEqual([{ groups: 2 }]);
    expect(world.chat()).toHaveLength(3);
  });

  test("one of a group that is silenced is left out, and told with the others that were held when it ends", async () => {
    await world.start(grouped());
    await world.silence(['key_name=~"bot-[bc]"'], HOUR);
    for (const key of ["bot-a", "bot-b", "bot-c"]) await world.find(key);
    await world.pass(2 * HOUR, MINUTE);
    const chat = world.chat();
    expect(chat.map((h) => h.at)).toEqual([MINUTE, HOUR]);
    expect(chat[0]!.text).toMatch(/bot-a: Key used/);
    expect(chat[1]!.text).toMatch(/bot-b: .*\n.*bot-c: /);
  });

  test("an empty list joins all, ... joins none, and tools get each incident by itself", async () => {
    await world.start(grouped({ group_by: [] }));
    await world.find("bot-a");
    await world.find("bot-x", { owner: "team-x" });
    await world.pass(30_000);
    expect(world.chat()).toHaveLength(1);
    await wipe(opened.store);
    await world.start(grouped({ group_by: ["..."] }));
    await world.find("bot-a");
    await world.find("bot-b");
    await world.pass(30_000);
    expect(world.chat()).toHaveLength(2);
    await wipe(opened.store);
    await world.start(grouped({ group_by: [], receiver: "hook" }));
    await world.find("bot-a");
    await world.find("bot-b");
    await world.pass(30_000);
    expect(hooks()).toEqual(["bot-a: opened", "bot-b: opened"]);
  });
});

describe("repeat_interval", () => {
  const plain = { route: { receiver: "hook", group_wait: "30s", repeat_interval: "4h" } };

  test("what nobody acknowledged is told again, so long after it was last told", async () => {
    await world.start(plain);
    await world.find("bot-a");
    await world.pass(9 * HOUR, 30_000);
    expect(world.hook()).toEqual([
      { at: 30_000, text: "bot-a: opened" },
      { at: 4 * HOUR + 30_000, text: "bot-a: reminded" },
      { at: 8 * HOUR + 30_000, text: "bot-a: reminded" },
    ]);
  });

  test("news counts as telling, and a restart forgets nothing", async () => {
    await world.start(plain);
    await world.find("bot-a");
    await world.pass(3 * HOUR, 30_000);
    await world.find("bot-a", { severity: "high" });
    await world.pass(30_000);
    await world.start(plain, { keep: true });
    await world.pass(5 * HOUR, 30_000);
    expect(world.hook().map((h) => [h.at, h.text])).toEqual([
      [30_000, "bot-a: opened"],
      [3 * HOUR + 30_000, "bot-a: escalated"],
      [7 * HOUR + 30_000, "bot-a: reminded"],
    ]);
  });

  test.each(["acknowledge", "resolve"] as const)("after %s nobody is told again", async (kind) => {
    await world.start(plain);
    const [t] = await world.find("bot-a");
    await world.pass(HOUR, 30_000);
    await world.command(t!.incident_uid, kind);
    await world.pass(20 * HOUR, 10 * MINUTE);
    expect(hooks()).toHaveLength(2);
  });

  test("it does not keep a quiet incident open", async () => {
    await world.start(plain);
    await world.find("bot-a");
    await world.pass(DAY + 5 * MINUTE, 30_000);
    expect(hooks().at(-1)).toBe("bot-a: resolved");
    expect(hooks().filter((t) => t === "bot-a: reminded")).toHaveLength(5);
  });

  test("a channel that refuses is not asked again and again", async () => {
    await world.start(plain);
    world.servers.hook.script("rejected");
    await world.find("bot-a");
    await world.pass(3 * HOUR, 10 * MINUTE);
    expect(world.hook()).toHaveLength(1);
  });
});

describe("escalation", () => {
  const config = (where: "route" | "receiver") => {
    const escalation = [{ after: "15m", receiver: "chat" }];
    const [hook, chat] = receivers();
    return {
      receivers: [{ ...hook!, ...(where === "receiver" ? { escalation } : {}) }, chat!],
      route: { receiver: "hook", group_wait: "30s", ...(where === "route" ? { escalation } : {}) },
    };
  };

  test.each(["route", "receiver"] as const)(
    "of a %s: unacknowledged so long after it was told, another receiver hears",
    async (where) => {
      await world.start(config(where));
      await world.find("bot-a");
      await world.pass(HOUR, 30_000);
      expect(hooks()).toEqual(["bot-a: opened"]);
      expect(world.chat()).toMatchObject([{ at: 15 * MINUTE + 30_000 }]);
      const [line] = (await opened.store.rows("SELECT note FROM transitions WHERE kind = 'reminded'")) as {
        note: string;
      }[];
      expect(line?.note).toBe("nobody acknowledged it within 15 min, so chat hears of it");
    },
  );

  test("who heard by escalation hears the rest too", async () => {
    await world.start(config("route"));
    const [t] = await world.find("bot-a");
    await world.pass(HOUR, 30_000);
    await world.command(t!.incident_uid, "resolve");
    await world.tick();
    expect(hooks()).toEqual(["bot-a: opened", "bot-a: resolved"]);
    expect(world.chat()).toHaveLength(2);
  });

  test("acknowledged in time, nobody else hears", async () => {
    await world.start(config("route"));
    const [t] = await world.find("bot-a");
    await world.pass(10 * MINUTE, 30_000);
    await world.command(t!.incident_uid, "acknowledge");
    await world.pass(HOUR, 30_000);
    expect(world.chat()).toEqual([]);
  });

  test("its clock runs from when it was told: what was silenced escalates so long after the silence", async () => {
    await world.start(config("route"));
    await world.silence(["key_name=bot-a"], HOUR);
    await world.find("bot-a");
    await world.pass(2 * HOUR, 30_000);
    expect(world.hook()).toMatchObject([{ at: HOUR }]);
    expect(world.chat()).toMatchObject([{ at: HOUR + 15 * MINUTE }]);
  });
});

describe("the budget", () => {
  const config = (change: object = {}) => ({
    receivers: [{ name: "chat", channels: [{ ...world.channel.chat(), budget: 3, ...change }] }],
    route: { receiver: "chat", group_wait: "0s", repeat_interval: "30d" },
    alert: { digest_interval: "1h" },
  });

  test("what is over it goes into one digest; critical ones go at once", async () => {
    await world.start(config());
    for (let i = 0; i < 8; i++) await world.find(`bot-${i}`, i === 7 ? { severity: "critical" } : {});
    await world.tick();
    expect(world.chat()).toHaveLength(3);
    await world.pass(2 * HOUR, MINUTE);
    const chat = world.chat();
    expect(chat).toHaveLength(4);
    expect(chat[0]!.text).toMatch(/bot-7/);
    expect(chat[3]).toMatchObject({ at: HOUR, text: expect.stringMatching(/held back: 5/) });
    expect(await opened.store.rows("SELECT status, count() AS n FROM outbox GROUP BY status")).toEqual([
      { status: "delivered", n: 8 },
    ]);
  });

  test("one that becomes critical while it is held back goes at once", async () => {
    await world.start(config({ budget: 0 }));
    await world.find("bot-a");
    await world.find("bot-b");
    await world.tick();
    expect(world.chat()).toEqual([]);
    await world.pass(MINUTE);
    await world.find("bot-a", { severity: "critical" });
    await world.tick();
    expect(world.chat()).toMatchObject([{ text: expect.stringMatching(/bot-a: Key used/) }]);
    await world.pass(HOUR);
    expect(world.chat()[1]!.text).toMatch(/held back: 1/);
  });

  test("the end of what was told by itself is told; of what was in a digest, in the next one", async () => {
    await world.start(config({ budget: 1 }));
    const [told] = await world.find("bot-a");
    await world.tick();
    const [held] = await world.find("bot-b");
    await world.pass(HOUR, MINUTE);
    for (const t of [told, held]) await world.command(t!.incident_uid, "resolve");
    await world.tick();
    expect(world.chat()).toHaveLength(3);
    expect(world.chat()[2]!.text).toMatch(/Resolved as benign by ann/);
    await world.pass(HOUR, MINUTE);
    expect(world.chat()).toHaveLength(4);
    expect(world.servers.chat.requests[3]!.body).toMatch(/held back: 1.*Resolved as benign by ann/s);
  });

  test("is counted through a restart, and begins anew with the day (UTC)", async () => {
    await world.start(config({ budget: 2 }));
    await world.find("bot-a");
    await world.find("bot-b");
    await world.tick();
    await world.start(config({ budget: 2 }), { keep: true });
    await world.find("bot-c");
    await world.pass(HOUR + MINUTE, MINUTE);
    expect(world.chat()[2]!.text).toMatch(/held back: 1/);
    await world.pass(20 * HOUR, HOUR);
    await world.find("bot-d");
    await world.tick();
    expect(world.chat().at(-1)!.text).toMatch(/bot-d: Key used/);
  });

  test("a restart while a digest waits neither loses nor doubles it", async () => {
    await world.start(config({ budget: 0 }));
    await world.find("bot-a");
    await world.tick();
    await world.start(config({ budget: 0 }), { keep: true });
    await world.find("bot-b");
    await world.pass(3 * HOUR, MINUTE);
    expect(world.chat().map((h) => h.text)).toEqual([
      expect.stringMatching(/held back: 1/),
      expect.stringMatching(/held back: 1/),
    ]);
  });

  test("people's channels have one of 20 a day, tools none", async () => {
    await world.start({
      receivers: [{ name: "both", channels: [world.channel.chat(), world.channel.hook()] }],
      route: { receiver: "both", group_wait: "0s" },
    });
    for (let i = 0; i < 25; i++) await world.find(`bot-${i}`);
    await world.tick();
    expect([world.chat().length, world.hook().length]).toEqual([20, 25]);
  });
});

describe("the heartbeat", () => {
  const config = () => ({
    receivers: [
      { name: "chat", channels: [{ ...world.channel.chat(), heartbeat: { at: "09:00", location: "Europe/Berlin" } }] },
      { name: "hook", channels: [world.channel.hook()] },
    ],
  });

  test("comes once a day at its time, through restarts, and only where it is wanted", async () => {
    await world.start(config());
    await world.pass(4 * HOUR, 10 * MINUTE);
    expect(world.chat()).toEqual([]);
    await world.pass(HOUR, 10 * MINUTE);
    await world.start(config(), { keep: true });
    await world.pass(DAY, 10 * MINUTE);
    const chat = world.chat();
    expect(chat).toHaveLength(2);
    expect(chat[0]!.text).toMatch(/keywatch/);
    expect(chat[1]!.at - chat[0]!.at).toBe(DAY);
    expect(hooks()).toEqual([]);
    expect(await world.alerter.list()).toEqual([]);
  });
});

describe("a channel that is down", () => {
  test("for an hour delays only itself", async () => {
    await world.start({
      receivers: [{ name: "both", channels: [{ ...world.channel.chat(), budget: null }, world.channel.hook()] }],
      route: { receiver: "both", group_wait: "0s", repeat_interval: "30d" },
    });
    world.servers.chat.script(...Array<"server_error">(10_000).fill("server_error"));
    for (let i = 0; i < 12; i++) {
      await world.find(`bot-${i}`);
      await world.pass(5 * MINUTE, MINUTE);
    }
    // The other channel had each at once.
    expect(world.hook().map((h) => h.at)).toEqual(Array.from({ length: 12 }, (_, i) => (5 * i + 1) * MINUTE));
    expect(world.chat().length).toBeGreaterThan(12);
    const down = world.chat().length;
    world.servers.chat.unscript();
    await world.pass(20 * MINUTE, MINUTE);
    expect(world.chat().length - down).toBe(12);
    expect(world.alerter.queue()).toEqual({ size: 0, oldestDue: null });
    expect(await opened.store.rows("SELECT status, count() AS n FROM outbox GROUP BY status")).toEqual([
      { status: "delivered", n: 24 },
    ]);
  }, 180_000);
});
