import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { holdsOf } from "../../schemas/queries/outbox.ts";
import { HOUR, MINUTE, openStore, wipe } from "./support.ts";
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

const quick = { route: { receiver: "hook", group_wait: "30s", repeat_interval: "30d" } };
const texts = () => world.hook().map((h) => h.text);
const why = async (incident: string) =>
  (await opened.store.ask(holdsOf, { incident })).map((h) => `${h.kind} ${h.note}`.trim());

describe("a silence", () => {
  test("holds what matches until it ends, then tells what still goes on, once", async () => {
    await world.start(quick);
    await world.silence(["key_name=bot"], HOUR);
    const [t] = await world.find("bot");
    await world.find("other");
    await world.pass(30_000);
    expect(texts()).toEqual(["other: opened"]);
    await world.find("bot", { severity: "high" });
    await world.pass(59 * MINUTE, MINUTE);
    expect(texts()).toEqual(["other: opened"]);
    await world.pass(30_000);
    expect(world.hook().slice(1)).toEqual([{ at: HOUR, text: "bot: opened+escalated" }]);
    await world.pass(HOUR, MINUTE);
    expect(texts()).toHaveLength(2);
    expect(await why(t!.incident_uid)).toEqual([
      expect.stringMatching(/^silenced SIL-[0-9a-f]{8} by ann until 2026-03-01 04:12 UTC: works$/),
      expect.stringMatching(/^released SIL-/),
    ]);
  });

  test("counts each incident that it held back, once", async () => {
    await world.start(quick);
    await world.silence(["owner=team-finance"], HOUR);
    for (const key of ["a", "b", "a"]) await world.find(key);
    await world.pass(10 * MINUTE, MINUTE);
    expect(await world.alerter.silences()).toMatchObject([{ hits: 2 }]);
  });

  test("ended by hand lets go at once", async () => {
    await world.start(quick);
    const { uid } = (await world.silence(["key_name=bot"], HOUR))!;
    await world.find("bot");
    await world.pass(MINUTE);
    expect(texts()).toEqual([]);
    await world.alerter.silence({ kind: "silence_expire", id: "x", actor: "bob", at: world.now, uid });
    await world.tick();
    expect(texts()).toEqual(["bot: opened"]);
  });

  test("what is over before it ends is told to nobody, and that is stored", async () => {
    await world.start(quick);
    await world.silence(["key_name=bot"], HOUR);
    const [t] = await world.find("bot");
    await world.pass(MINUTE);
    await world.command(t!.incident_uid, "resolve");
    await world.pass(2 * HOUR, HOUR);
    expect(texts()).toEqual([]);
    expect((await why(t!.incident_uid)).at(-1)).toMatch(/^withheld SIL-/);
    expect(await opened.store.rows("SELECT status FROM outbox")).toEqual([{ status: "withheld" }]);
    expect(world.alerter.queue().size).toBe(0);
  });

  test("what people do, and the end, reach whom knows of the incident, silenced or not", async () => {
    await world.start(quick);
    const [t] = await world.find("bot");
    await world.pass(30_000);
    await world.silence(["key_name=bot"], HOUR);
    await world.command(t!.incident_uid, "acknowledge");
    await world.tick();
    await world.find("bot", { severity: "high" });
    await world.tick();
    expect(texts()).toEqual(["bot: opened", "bot: acknowledged"]);
    await world.command(t!.incident_uid, "resolve");
    await world.tick();
    expect(texts()).toEqual(["bot: opened", "bot: acknowledged", "bot: escalated+resolved"]);
  });

  test("goes on holding after a restart, and a later start does not tell twice", async () => {
    await world.start(quick);
    await world.silence(["key_name=bot"], HOUR);
    await world.find("bot");
    await world.pass(MINUTE);
    await world.start(quick, { keep: true });
    await world.find("bot", { severity: "high" });
    await world.pass(30 * MINUTE, MINUTE);
    expect(texts()).toEqual([]);
    await world.pass(HOUR, MINUTE);
    expect(texts()).toEqual(["bot: opened+escalated"]);
    await world.start(quick, { keep: true });
    await world.pass(HOUR, MINUTE);
    expect(texts()).toHaveLength(1);
  });

  test("one that begins later holds from then on", async () => {
    await world.start(quick);
    await world.silence(["key_name=b"], 2 * HOUR, { starts_at: world.now + HOUR });
    await world.find("b");
    await world.pass(MINUTE);
    expect(texts()).toEqual(["b: opened"]);
    await world.pass(HOUR);
    await world.find("b", { severity: "high" });
    await world.pass(MINUTE);
    expect(texts()).toHaveLength(1);
  });

  test("a store that refuses holds nothing and sends nothing until it can say why", async () => {
    const { store } = opened;
    let refuse = true;
    const flaky = Object.assign(Object.create(store) as typeof store, {
      insert: (table: string, rows: readonly object[]) =>
        refuse && table === "holds" && rows.length > 0
          ? Promise.reject(new Error("disk full"))
          : store.insert(table, rows),
      ask: store.ask.bind(store),
    });
    await world.start(quick, { store: flaky });
    await world.silence(["key_name=bot"], HOUR);
    const [t] = await world.find("bot");
    await world.pass(MINUTE, 10_000);
    expect([texts(), await why(t!.incident_uid)]).toEqual([[], []]);
    refuse = false;
    await world.pass(10_000);
    expect(texts()).toEqual([]);
    expect(await why(t!.incident_uid)).toHaveLength(1);
  });
});

describe("inhibition", () => {
  const rules = {
    ...quick,
    inhibit_rules: [
      { source_matchers: ["severity=critical"], target_matchers: ['severity=~"medium|high"'], equal: ["owner"] },
    ],
  };

  test("while a critical one of the same owner lives, lesser ones are not told; after that they are", async () => {
    await world.start(rules);
    const [source] = await world.find("crit", { severity: "critical" });
    const [target] = await world.find("same");
    await world.find("stranger", { owner: "team-x" });
    await world.pass(30_000);
    expect(texts().sort()).toEqual(["crit: opened", "stranger: opened"]);
    expect(await why(target!.incident_uid)).toEqual([
      `inhibited inhibited by INC-${source!.incident_uid.slice(0, 8)}, which lives (inhibit_rules[0])`,
    ]);
    await world.command(source!.incident_uid, "acknowledge");
    await world.pass(HOUR, MINUTE);
    expect(texts().filter((t) => t.startsWith("same"))).toEqual([]);
    await world.command(source!.incident_uid, "resolve");
    await world.tick();
    expect(texts().filter((t) => t.startsWith("same"))).toEqual(["same: opened"]);
  });

  test("a source that comes within group_wait is soon enough", async () => {
    await world.start(rules);
    await world.find("same");
    await world.pass(9_000);
    await world.find("crit", { severity: "critical" });
    await world.pass(30_000, 1_000);
    expect(texts()).toEqual(["crit: opened"]);
  });

  test("one that becomes critical itself is inhibited no longer", async () => {
    await world.start(rules);
    await world.find("crit", { severity: "critical" });
    await world.find("same");
    await world.pass(30_000);
    await world.find("same", { severity: "critical" });
    await world.tick();
    expect(texts()).toEqual(["crit: opened", "same: opened+escalated"]);
  });

  test("incidents that match both sides do not silence each other, nor themselves", async () => {
    const both = { source_matchers: ["provider=~.+"], target_matchers: ["owner=~.+"], equal: ["owner"] };
    await world.start({ ...quick, inhibit_rules: [both] });
    await world.find("a");
    await world.find("b");
    await world.pass(30_000);
    expect(texts().sort()).toEqual(["a: opened", "b: opened"]);
  });

  test("sources of before a restart still inhibit", async () => {
    await world.start(rules);
    await world.find("crit", { severity: "critical" });
    await world.pass(30_000);
    await world.start(rules, { keep: true });
    await world.find("same");
    await world.pass(MINUTE);
    expect(texts()).toEqual(["crit: opened"]);
  });
});

describe("time intervals", () => {
  /** T0 is a Sunday, 03:12:09 UTC, 04:12 in Berlin. */
  const times = (route: object) => ({
    time_intervals: [
      {
        name: "night",
        time_intervals: [
          { times: [{ start_time: "22:00", end_time: "24:00" }], location: "Europe/Berlin" },
          { times: [{ start_time: "00:00", end_time: "06:00" }], location: "Europe/Berlin" },
        ],
      },
      { name: "weekdays", time_intervals: [{ weekdays: ["monday:friday"] }] },
    ],
    route: { ...quick.route, routes: [{ matchers: ["owner=team-finance"], ...route }] },
  });

  test("a muted route tells when the interval ends, by the wall clock of its zone", async () => {
    await world.start(times({ mute_time_intervals: ["night"] }));
    const [t] = await world.find("bot");
    await world.find("other", { owner: "x" });
    await world.pass(2 * HOUR, MINUTE);
    expect(world.hook()).toEqual([
      { at: MINUTE, text: "other: opened" },
      // 06:00 in Berlin is 05:00 UTC: 1 h 47 min 51 s after T0, seen at the next full minute of the test.
      { at: 108 * MINUTE, text: "bot: opened" },
    ]);
    expect(await why(t!.incident_uid)).toEqual(["muted muted during night", "released muted during night"]);
  });

  test("outside of all its active intervals a route is silent", async () => {
    await world.start(times({ active_time_intervals: ["weekdays"] }));
    await world.find("bot");
    await world.pass(20 * HOUR, HOUR);
    expect(texts()).toEqual([]);
    await world.pass(2 * HOUR, HOUR);
    expect(texts()).toEqual(["bot: opened"]);
  });
});
