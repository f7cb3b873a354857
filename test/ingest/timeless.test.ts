import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { createPush } from "../../cli/push.ts";
import { cloudTrail } from "../records.ts";
import { openTestApp, quietOut, tempFolder } from "../support.ts";

let app: App;
beforeAll(async () => {
  app = await openTestApp(join(tempFolder(), "data"));
});
afterAll(() => app.close());

const { eventTime: _, ...withId } = cloudTrail();
const { eventID: __, ...nameless } = { ...withId, eventID: "" };

const pushed = async (record: object, idempotencyKey: string | null = null) => {
  const { stored, duplicates } = await createPush(app)("auto", Readable.from([JSON.stringify(record)]), {
    idempotencyKey,
  });
  // Another millisecond, as in life.
  await new Promise((resolve) => setTimeout(resolve, 3));
  return { stored, duplicates };
};
const ingested = async (path: string) => {
  const { stored, duplicates } = await ingestFiles(app, {
    paths: [path],
    provider: "auto",
    report: true,
    alone: false,
    out: quietOut(),
  });
  return { stored, duplicates };
};

test("a record with an id and no time is one, however often and whichever way it comes", async () => {
  expect(await pushed(withId)).toEqual({ stored: 1, duplicates: 0 });
  expect(await pushed(withId)).toEqual({ stored: 0, duplicates: 1 });
  const file = join(tempFolder(), "a.ndjson");
  writeFileSync(file, `${JSON.stringify(withId)}\n`);
  expect(await ingested(file)).toEqual({ stored: 0, duplicates: 1 });
});

test("without an id either, two pushes are two calls, unless they have one Idempotency-Key", async () => {
  expect(await pushed(nameless)).toEqual({ stored: 1, duplicates: 0 });
  expect(await pushed(nameless)).toEqual({ stored: 1, duplicates: 0 });
  expect(await pushed(nameless, "batch-1")).toEqual({ stored: 1, duplicates: 0 });
  expect(await pushed(nameless, "batch-1")).toEqual({ stored: 0, duplicates: 1 });
});

test("in a file they are counted each, and once however the file is called", async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "copy"));
  const text = `${JSON.stringify(nameless)}\n`.repeat(3);
  writeFileSync(join(folder, "a.ndjson"), text);
  expect(await ingested(join(folder, "a.ndjson"))).toEqual({ stored: 3, duplicates: 0 });
  writeFileSync(join(folder, "copy", "b.ndjson"), text);
  expect((await ingested(folder)).stored).toBe(0);
});
