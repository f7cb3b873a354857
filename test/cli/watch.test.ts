import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { watchFolder } from "../../cli/watch.ts";
import { goldenRecords } from "../golden_events.ts";
import { openTestApp, quietOut, tempFolder, until } from "../support.ts";

let app: App;
const folder = join(tempFolder(), "logs");

beforeAll(async () => {
  mkdirSync(folder);
  app = await openTestApp(join(tempFolder(), "store"));
});
afterAll(() => app.close());

/** A file that was written long enough ago to be whole. */
function drop(name: string): void {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ Records: goldenRecords("aws_cloudtrail") }));
  const before = new Date(Date.now() - 60_000);
  utimesSync(file, before, before);
}
const stored = async () => Number((await app.store.rows("SELECT count() AS n FROM events FINAL"))[0]?.n);

test("a file whose reading broke off, because the store refused, is read again without a restart", async () => {
  const { take } = app;
  let refused = 0;
  app.take = (...args) => {
    if (refused++ > 0) return take(...args);
    return Promise.reject(new Error("the store is gone for a moment"));
  };
  drop("trail.json");
  const watching = watchFolder(app, { kind: "folder", path: folder, provider: "auto", interval: 20 }, quietOut());
  try {
    await until("the file is read after all", async () => (await stored()) > 0);
    expect(refused).toBeGreaterThan(1);
  } finally {
    app.take = take;
    await watching.stop();
  }
});
