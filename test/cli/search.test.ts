import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { searchEvents } from "../../cli/web/events.ts";
import { DAY_MS, iso } from "../../schemas/duration.ts";
import { eventQuery } from "../../schemas/http_api.ts";
import { fillEvents } from "../bench/fill.ts";
import { openTestApp, tempFolder } from "../support.ts";

let app: App;
const now = Date.now();
beforeAll(async () => {
  app = await openTestApp(tempFolder());
  await fillEvents(app.store, 8_000);
});
afterAll(() => app.close());

/** pages follows `next` to the end; `hurried` gives a clock by which every step is the last one that there is time for. */
async function pages(over: object, hurried: boolean) {
  let time = now;
  const clock = {
    ...app,
    now() {
      if (hurried) time += 1_000;
      return time;
    },
  };
  const found: string[] = [];
  let [asked, next] = [0, null as string | null];
  do {
    const page = await searchEvents(
      clock,
      eventQuery.parse({ from: String(now - 100 * DAY_MS), ...over, ...(next === null ? {} : { before: next }) }),
    );
    for (const e of page.events) found.push(`${e.time} ${e.event_uid} ${e.principal_uid}`);
    expect(page.searched_to).toBeLessThanOrEqual(page.to);
    next = page.next;
    asked++;
  } while (next !== null);
  return { found, asked };
}

const KEY = "arn:aws:iam::111122223335:user/bot-7";
test.each([
  ["a key", { key: KEY }, `principal_uid = '${KEY}'`],
  ["a name", { key: "bot-7" }, "principal = 'bot-7'"],
  ["an operation", { operation: "DeleteThing7" }, "operation = 'DeleteThing7'"],
  ["a text that is nowhere", { q: "nothing" }, "0"],
])("a search for %s gives each event once, newest first, in whatever steps it is asked", async (_, over, where) => {
  const rows = await app.store.rows(
    `SELECT toUnixTimestamp64Milli(time) AS at, event_uid, principal_uid FROM events FINAL WHERE ${where} ORDER BY at DESC, event_uid DESC`,
  );
  const wanted = rows.map((r) => `${iso(Number(r.at))} ${r.event_uid} ${r.principal_uid}`);
  const [calm, hurried] = [await pages(over, false), await pages({ ...over, limit: 50 }, true)];
  expect(calm.found).toEqual(wanted);
  expect(hurried.found).toEqual(wanted);
  expect(hurried.asked).toBeGreaterThan(3);
});
