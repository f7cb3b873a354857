import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { config } from "../../schemas/config.ts";
import { alignTo, DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import { subjectDays, subjectList, subjectsNamed } from "../../schemas/queries/keys.ts";
import { activityByTime, countriesSeen } from "../../schemas/queries/page.ts";
import {
  activityByHour,
  callsByDay,
  countriesByDay,
  countriesByHour,
  providersSeen,
  subjectSummary,
  subjectsCalled,
} from "../../schemas/queries/rollups.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate, migrations, statements } from "../../schemas/store/migrate.ts";
import type { Store } from "../../schemas/store/store.ts";
import { fillEvents } from "../bench/fill.ts";
import { tempFolder } from "../support.ts";
import { until } from "../until.ts";

/** Seven weeks that begin on a Monday, so that days and weeks end where the questions over every event do. */
const WEEK_MS = 7 * DAY_MS;
const monday = alignTo(Date.now() - 4 * DAY_MS, WEEK_MS) + 4 * DAY_MS;
const [from, to] = [monday - 6 * WEEK_MS, monday + WEEK_MS];
const since = alignTo(Date.now(), DAY_MS) - 30 * DAY_MS;
const PROJECTIONS = ["by_hour", "by_day", "by_subject_day"];
let store: Store;

beforeAll(async () => {
  store = await connectEmbedded(tempFolder());
  await migrate(store, config.parse({}));
  await fillEvents(store, 60_000);
});
afterAll(() => store.close());

const merged = () => store.command("OPTIMIZE TABLE events FINAL");
const span = { from, to };

async function sameAnswers(): Promise<void> {
  for (const step of [HOUR_MS, 6 * HOUR_MS, DAY_MS])
    expect(await store.ask(activityByHour, { ...span, step })).toEqual(
      await store.ask(activityByTime, { ...span, step }),
    );
  const countries = await store.ask(countriesSeen, { ...span, limit: 50 });
  expect(countries.length).toBeGreaterThan(20);
  expect(await store.ask(countriesByHour, { ...span, limit: 50 })).toEqual(countries);
  expect(await store.ask(countriesByDay, { ...span, limit: 50 })).toEqual(countries);
}

describe("questions over hours and days", () => {
  test.each([
    ["by_hour", activityByHour.name, activityByHour.sql, { ...span, step: DAY_MS }],
    ["by_hour", countriesByHour.name, countriesByHour.sql, { ...span, limit: 5 }],
    ["by_day", countriesByDay.name, countriesByDay.sql, { ...span, limit: 5 }],
    ["by_hour", providersSeen.name, providersSeen.sql, { from }],
    ["by_subject_day", callsByDay.name, callsByDay.sql, { subject: "x", from }],
    ["by_subject_day", subjectSummary.name, subjectSummary.sql, { from, since, limit: 5 }],
    ["by_subject_day", subjectsCalled.name, subjectsCalled.sql, { names: ["x"], tails: [], since, limit: 5 }],
  ])("read %s, and not every event: %s", async (projection, _, sql, params) => {
    const plan = (await store.rows(`EXPLAIN ${sql}`, params)).map((r) => String(r.explain)).join("\n");
    expect(plan).toMatch(new RegExp(`ReadFrom\\w+ \\(${projection}\\)`));
    expect(plan).not.toMatch(/ReadFromMergeTree \(\w+\.events\)/);
  });

  test("say what the rows say, also before rows that came twice were merged", sameAnswers);

  test("once those are merged, each counts once, as with FINAL", async () => {
    const [before] = await store.rows("SELECT count() AS n FROM events");
    await merged();
    const [after] = await store.rows("SELECT count() AS n FROM events");
    expect(Number(after!.n)).toBeLessThan(Number(before!.n));
    await sameAnswers();
    const exact = await store.ask(subjectList, { ...span, since, keyless: 0, min_events: 0, limit: 5_000 });
    expect(exact.length).toBeGreaterThan(1_000);
    expect(await store.ask(subjectSummary, { from, since, limit: 5_000 })).toEqual(exact);
    const { subject_uid, principal_uid, key_hint } = exact[7]!;
    const days = await store.ask(subjectDays, { ...span, subjects: [subject_uid], principals: [principal_uid] });
    expect((await store.ask(callsByDay, { subject: subject_uid, from })).reverse()).toEqual(days);
    for (const name of [subject_uid, principal_uid, key_hint!]) {
      const named = { names: [name], tails: [], since, limit: 10 };
      const found = await store.ask(subjectsNamed, named);
      expect(found.map((f) => f.subject_uid)).toContain(subject_uid);
      expect(await store.ask(subjectsCalled, named)).toEqual(found);
    }
  });

  test("a store from before gets them behind the scenes, and answers right meanwhile", async () => {
    for (const name of PROJECTIONS) await store.command(`ALTER TABLE events DROP PROJECTION ${name}`);
    const { sql } = migrations().find((m) => m.name === "050_projections.sql")!;
    for (const statement of statements(sql)) await store.command(statement);
    await sameAnswers();
    for (const statement of statements(sql)) await store.command(statement);
    const made = `SELECT uniqExact(parent_name) AS parts FROM system.projection_parts WHERE active AND table = 'events' GROUP BY name`;
    const [{ parts } = { parts: 0 }] = await store.rows(
      "SELECT count() AS parts FROM system.parts WHERE active AND table = 'events'",
    );
    await until("projections of all parts", async () => {
      const rows = await store.rows(made);
      return rows.length === PROJECTIONS.length && rows.every((r) => r.parts === parts);
    });
    await sameAnswers();
  });

  test("what is deleted is in none of them", async () => {
    const [{ subject_uid, principal_uid } = { subject_uid: "", principal_uid: "" }] = await store.ask(subjectSummary, {
      from,
      since,
      limit: 1,
    });
    await store.command(
      "ALTER TABLE events DELETE WHERE principal_uid = {principal_uid:String} SETTINGS mutations_sync = 2",
      { principal_uid },
    );
    expect(await store.ask(callsByDay, { subject: subject_uid, from })).toEqual([]);
    await sameAnswers();
  });
});
