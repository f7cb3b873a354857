import type { Kafka } from "kafkajs";
import { pino } from "pino";
import { expect, test } from "vitest";
import { ingestParts } from "../../cli/parts.ts";
import type { Hub } from "../../cli/roles/hub.ts";
import { remoteApp } from "../../cli/roles/remote_app.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import { topicsOf } from "../../ingest/kafka/topics.ts";
import { emptyYield, type Yield } from "../../ingest/normalizer.ts";
import { config } from "../../schemas/config.ts";
import { noMetrics } from "../../schemas/metrics.ts";
import { normalized } from "../normalized.ts";
import { cloudTrail } from "../records.ts";

/** An app whose brokers take what `refuses` lets pass. */
async function appOver(refuses: () => boolean) {
  let sent = 0;
  const producer = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    async sendBatch({ topicMessages }: { topicMessages: { messages: unknown[] }[] }) {
      await new Promise((resolve) => setImmediate(resolve));
      if (refuses()) throw new Error("the brokers refuse");
      sent += topicMessages.reduce((n, t) => n + t.messages.length, 0);
    },
  };
  const parsed = config.parse({ kafka: { brokers: ["127.0.0.1:1"] }, store: { url: "http://127.0.0.1:1" } });
  const parts = await ingestParts(parsed, { pepper: Buffer.alloc(32, 1) });
  const hub = {
    ...{ config: parsed, brokers: parsed.kafka!, parts, topics: topicsOf("keywatch"), partitions: 1 },
    kafka: { producer: () => producer } as unknown as Kafka,
    ...{ metrics: noMetrics, now: Date.now, log: pino({ level: "silent" }) },
    counters: { records: 0, stored: 0, duplicates: 0, deadLetters: 0, dropped: new Map(), findings: 0 },
    stopping: new AbortController().signal,
    inventory: async () => createInventoryIndex([], parts.fingerprint),
  };
  return { app: await remoteApp(hub as unknown as Hub), sent: () => sent };
}

const push = async (userAgent: string): Promise<Yield> => ({
  ...emptyYield(),
  events: await normalized([cloudTrail({ userAgent })]),
});

test("pushes that go out together are refused together", async () => {
  let down = true;
  const { app, sent } = await appOver(() => down);
  const [a, b] = [await push("a"), await push("b")];
  const results = await Promise.allSettled([app.take(a), app.take(b)]);
  expect(results.map((r) => r.status)).toEqual(["rejected", "rejected"]);
  down = false;
  await Promise.all([app.take(a), app.take(b)]);
  expect(sent()).toBe(2);
  await app.close();
});

test("rows are told as stored by what became of them, not of those before or after them", async () => {
  let down = true;
  const { app, sent } = await appOver(() => down);
  const { whenStored: first } = await app.add(await push("a"));
  const refused = app.writer.flush();
  const { whenStored: second } = await app.add(await push("b"));
  await expect(refused).rejects.toThrow("refuse");
  await expect(first).rejects.toThrow("refuse");
  down = false;
  const flushed = app.writer.flush();
  await expect(Promise.all([second, flushed])).resolves.toBeDefined();
  expect([sent(), app.writer.waiting()]).toEqual([1, 0]);
  await app.close();
});

test("what another caller's flush took is not forgotten by one's own", async () => {
  const { app } = await appOver(() => true);
  const added = await app.writer.add((await push("a")).events);
  await app.writer.flush().catch(() => undefined);
  await app.writer.flush();
  await expect(added.stored).rejects.toThrow("refuse");
  await app.close();
});
