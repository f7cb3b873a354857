import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hub } from "../../cli/roles/hub.ts";
import { openFleet } from "../../cli/roles/signals.ts";
import { createStoreDoor } from "../../cli/store_door.ts";
import type { Outgoing } from "../../ingest/kafka/produce.ts";
import { topicsOf } from "../../ingest/kafka/topics.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { noMetrics } from "../../schemas/metrics.ts";
import type { Signal } from "../../schemas/signal.ts";
import type { Store } from "../../schemas/store/store.ts";
import { openStore } from "../alert/support.ts";
import { engineFor, event, MONDAY } from "../detect/make.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());

const OUT = MONDAY + 30 * DAY_MS + 10 * HOUR_MS;

/** What an engine tells of a source that speaks every ten minutes, and of the four hours in which it does not. */
function silence(): { before: Signal[]; after: Signal[] } {
  const told: Signal[] = [];
  const engine = engineFor([], { name: "p/0", onSignals: (signals) => void told.push(...signals) });
  const now = OUT + 4 * HOUR_MS;
  for (let time = MONDAY; time < OUT; time += 10 * MINUTE_MS) engine.process([event({ time })], { sorted: false, now });
  const before = told.splice(0);
  for (let time = OUT; time <= now; time += 15 * MINUTE_MS) engine.advance("aws_cloudtrail", time);
  return { before, after: told };
}

/** A fleet at work in a process whose store and brokers fail as often as `refusals` says. */
async function fleetOver(topic: string, refusals: { findings: number; send: number; profiles: number }) {
  const sent: Outgoing[] = [];
  const store: Store = {
    ...createStoreDoor(opened.store, noMetrics),
    async insert(table, rows) {
      if (table === "findings" && refusals.findings-- > 0) throw new Error("the store refuses");
      if (table === "profiles" && refusals.profiles-- > 0) throw new Error("the store refuses");
      await opened.store.insert(table, rows);
    },
  };
  const counters = { records: 0, stored: 0, duplicates: 0, deadLetters: 0, dropped: new Map(), findings: 0 };
  const hub = {
    ...{ store, counters, config: config.parse({}), topics: topicsOf(topic), owner: "test" },
    ...{ metrics: noMetrics, now: () => OUT + 4 * HOUR_MS, log: pino({ level: "silent" }) },
  } as unknown as Hub;
  const sender = {
    async send(messages: readonly Outgoing[]) {
      if (refusals.send-- > 0) throw new Error("the brokers refuse");
      sent.push(...messages);
    },
    close: async () => undefined,
  };
  const open = (number: number) =>
    openFleet(hub, sender, {
      ...{
        topic: hub.topics.signals,
        partition: 0,
        number,
        held: () => true,
        standing: async () => ({ low: 0, high: 9, said: 0 }),
        commit: async () => undefined,
      },
    });
  return { open, sent, counters };
}

test.each([
  ["the store refuses the findings", { findings: 1, send: 0, profiles: 0 }],
  ["the brokers refuse the findings", { findings: 0, send: 1, profiles: 0 }],
  ["the store refuses the state", { findings: 0, send: 0, profiles: 1 }],
])("what many keys shared is told though %s once", async (name, refusals) => {
  const topic = `fleet ${name}`;
  const { before, after } = silence();
  const { open, sent, counters } = await fleetOver(topic, { findings: 0, send: 0, profiles: 0 });
  await (await open(1)).take(before, 0);
  expect(sent).toEqual([]);

  const troubled = await fleetOver(topic, refusals);
  const watch = await troubled.open(2);
  await watch.take(after, 1);
  expect(troubled.sent.map((m) => JSON.parse(String(m.value)).detection)).toContain("source_silent");
  const uids = new Set(troubled.sent.map((m) => JSON.parse(String(m.value)).uid as string));
  const stored = await opened.store.rows("SELECT uid FROM findings FINAL");
  expect(stored.map((r) => r.uid)).toEqual(expect.arrayContaining([...uids]));
  expect([counters.findings, troubled.counters.findings]).toEqual([0, uids.size]);
  // The state that was saved knows of them.
  const next = await fleetOver(topic, { findings: 0, send: 0, profiles: 0 });
  const later = await next.open(3);
  expect(later.from).toBe(2);
  await opened.store.command("TRUNCATE TABLE findings");
});
