// Questions of the page over many stored events, and how fast it opens: npm run bench:page [-- events (10000000) [folder to keep and use again]]
import { cpus, loadavg } from "node:os";
import { pino } from "pino";
import { type App, openApp } from "../../cli/app.ts";
import { eventOf, searchEvents } from "../../cli/web/events.ts";
import { evidenceOf } from "../../cli/web/evidence.ts";
import { keyList, keyOf, subjectsSeen } from "../../cli/web/keys.ts";
import { sourcesOf } from "../../cli/web/sources.ts";
import { statsOf } from "../../cli/web/stats.ts";
import { config } from "../../schemas/config.ts";
import { eventQuery } from "../../schemas/http_api.ts";
import type { Incident } from "../../schemas/incident.ts";
import { statusCounts } from "../../schemas/queries/status.ts";
import { filled } from "./filled.ts";
import { firstPaint } from "./paint.ts";

const ROUNDS = 12;
const DAY = 86_400_000;

const store = await filled();
try {
  const app = await openApp({
    loaded: { config: config.parse({ store: { path: store.path } }), base: store.path, file: null },
    log: pino({ level: "silent" }),
  });
  try {
    await measure(await questions(app));
  } finally {
    await app.store.close();
  }
  await firstPaint(store.path);
} finally {
  store.end();
}

async function questions(app: App): Promise<[name: string, ask: (round: number) => Promise<unknown>][]> {
  const now = app.now();
  const search = (over: object) => searchEvents(app, eventQuery.parse({ limit: 50, ...over }));
  const ago = (days: number) => String(now - days * DAY);
  const key = "arn:aws:iam::111122223335:user/bot-7";
  const rows = await subjectsSeen(app);
  const page = await search({ from: ago(90), to: ago(40), limit: 200 });
  const seen = page.events[0]!;
  const incident = {
    ...{
      subject_uid: seen.subject_uid,
      principal_uid: seen.principal_uid,
      provider: seen.provider,
      key_uid: seen.key_uid,
    },
    ...{
      principal: seen.principal,
      finding_uids: [],
      first_seen: Date.parse(seen.time) - DAY,
      last_seen: Date.parse(seen.time),
    },
  } as unknown as Incident;
  return [
    ["numbers of the overview", () => app.store.ask(statusCounts, {})],
    ["charts, 24 hours", () => statsOf(app, now - DAY, now)],
    ["charts, 7 days", () => statsOf(app, now - 7 * DAY, now)],
    ["charts, 30 days", () => statsOf(app, now - 30 * DAY, now)],
    ["charts, 90 days", () => statsOf(app, now - 90 * DAY, now)],
    ["sources", () => sourcesOf(app)],
    ["list of keys, reckoned", async () => keyList(app, await subjectsSeen(app))],
    ["one key, from the list", (n) => keyOf(app, rows[n]!.subject_uid, rows)],
    ["the busiest key", () => keyOf(app, "arn:aws:iam::111122223334:user/bot-1", rows)],
    ["one key, by its name", (n) => keyOf(app, `bot-${n + 21}`, rows)],
    ["evidence of an incident", () => evidenceOf(app, incident)],
    ["one event", () => eventOf(app, seen.principal_uid, Date.parse(seen.time), seen.event_uid)],
    ["search, 24 hours", () => search({})],
    ["search, 7 days, failed", () => search({ from: ago(7), outcome: "failed" })],
    ["search, 90 days, no filter", () => search({ from: ago(90) })],
    ["search, 90 days, the next page", () => search({ from: ago(90), before: page.next })],
    ["search, 90 days, one key", () => search({ from: ago(90), key })],
    ["search, 90 days, an operation", () => search({ from: ago(90), operation: "DeleteThing7" })],
    ["search, 90 days, a network", () => search({ from: ago(90), ip: "203.1.101.0/24" })],
    ["search, 90 days, an address that is nowhere", (n) => search({ from: ago(90), ip: `192.0.2.${n}` })],
    ["search, 90 days, a key that is nowhere", (n) => search({ from: ago(90), key: `nobody-${n}` })],
    ["search, 90 days, a text that is nowhere", (n) => search({ from: ago(90), q: `nothing-${n}` })],
  ];
}

async function measure(asked: Awaited<ReturnType<typeof questions>>): Promise<void> {
  const all: number[] = [];
  const at = (times: number[], share: number): string =>
    Math.round(times.sort((a, b) => a - b)[Math.ceil(share * times.length) - 1]!).toLocaleString("en-US");
  console.log(
    `${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)} before\n| question | p50 ms | p95 ms | CPU ms |\n| --- | --- | --- | --- |`,
  );
  for (const [name, ask] of asked) {
    const times: number[] = [];
    const used = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await ask(round);
      times.push(performance.now() - start);
    }
    all.push(...times);
    const { user, system } = process.cpuUsage(used);
    console.log(
      `| ${name} | ${at(times, 0.5)} | ${at(times, 0.95)} | ${Math.round((user + system) / 1000 / ROUNDS)} |`,
    );
  }
  console.log(`| all | ${at(all, 0.5)} | ${at(all, 0.95)} | |`);
}
