import { afterAll, beforeAll, expect, test } from "vitest";
import { DAY, finding, HOUR, openStore } from "./support.ts";
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

const INCIDENTS = 10_000;
const SECONDS = 60;
/** What the process may grow by, MB: subjects, living incidents and the outbox are all there is. */
const MAX_GROWTH_MB = 500;

test("10,000 incidents in a minute: 20 messages at once, the rest in one digest, nothing dropped, memory bounded", async () => {
  await world.start({
    receivers: [{ name: "chat", channels: [world.channel.chat()] }],
    route: { receiver: "chat", group_wait: "5s", repeat_interval: "30d" },
  });
  const before = process.memoryUsage.rss();
  const began = performance.now();
  const each = Math.ceil(INCIDENTS / SECONDS);
  for (let second = 0; second < SECONDS; second++) {
    const from = second * each;
    const batch = Array.from({ length: Math.max(0, Math.min(each, INCIDENTS - from)) }, (_, i) =>
      finding({ subject_uid: `storm-${from + i}`, key_name: `bot-${from + i}`, first_seen: world.now }),
    );
    await world.alerter.apply(batch);
    await world.pass(1_000);
  }
  const seconds = (performance.now() - began) / 1000;
  await world.pass(10_000);
  expect(world.chat()).toHaveLength(20);
  await world.pass(2 * HOUR, HOUR / 4);
  const chat = world.chat();
  expect(chat).toHaveLength(21);
  expect(chat[20]!.text).toMatch(/held back: 9,980/);
  const growth = (process.memoryUsage.rss() - before) / 2 ** 20;
  expect(await opened.store.rows("SELECT status, count() AS n FROM outbox GROUP BY status")).toEqual([
    { status: "delivered", n: INCIDENTS },
  ]);
  expect(await opened.store.rows("SELECT uniqExact(incident_uid) AS n FROM holds WHERE kind = 'budget'")).toEqual([
    { n: INCIDENTS - 20 },
  ]);
  process.stderr.write(
    `storm: ${INCIDENTS} incidents decided in ${seconds.toFixed(1)} s, ${growth.toFixed(0)} MB more, 20 messages and 1 digest\n`,
  );
  expect(growth).toBeLessThan(MAX_GROWTH_MB);

  // Their end does not become another storm.
  await world.pass(DAY, HOUR);
  await world.pass(HOUR, 60_000);
  expect(world.chat().length).toBeLessThan(21 + 20 + 25);
}, 600_000);
