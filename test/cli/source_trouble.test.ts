import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { createPosture } from "../../cli/posture.ts";
import { sourceTrouble } from "../../cli/source_trouble.ts";
import { storeFindings } from "../../detect/finding_rows.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { inventory } from "../../schemas/inventory.ts";
import { finding } from "../alert/support.ts";
import { at, call, keyOf } from "../scenarios/play.ts";
import { openTestApp, tempFolder } from "../support.ts";

let app: App;
beforeAll(async () => {
  app = await openTestApp(tempFolder());
  const into = emptyYield();
  const normalizer = createNormalizer(app.parts, { provider: "auto", position: "test", now: () => at(0) });
  normalizer.read(Buffer.from(JSON.stringify(call(at(0, 9), "s3:GetObject", { user: "other" }))), null, into);
  await app.take(into);
}, 60_000);
afterAll(() => app.close());

const now = at(100, 1);
const silence = (change: object) =>
  finding({
    ...{ detection: "source_silent", kind: "fleet", subject_uid: "fleet:source_silent:aws_cloudtrail:", key_uid: null },
    ...{ first_seen: at(99), last_seen: at(100), resolved_at: null, ...change },
  });
const unused = () => {
  const declared = inventory.parse({
    keys: [{ name: "spare", provider: "aws_cloudtrail", id: keyOf("spare"), owner: "team-a" }],
  });
  const index = createInventoryIndex([{ effective_at: 0, inventory: declared }], app.parts.fingerprint);
  return createPosture({
    ...{ store: app.store, config: app.config, inventory: () => index },
    watermarks: async () => new Map([["aws_cloudtrail", now]]),
  }).daily();
};

test("while a source is silent nobody concludes that its keys are not used; when it speaks again they do", async () => {
  await storeFindings(app.store, [silence({})]);
  expect([...(await sourceTrouble(app.store, now)).keys()]).toEqual(["aws_cloudtrail"]);
  expect(await unused()).toEqual([]);
  await storeFindings(app.store, [silence({ version: 2, resolved_at: at(100) })]);
  expect(await sourceTrouble(app.store, now)).toEqual(new Map());
  expect((await unused()).map((f) => f.detection)).toEqual(["never_used_key"]);
});

test("a silence that was not renewed for a day is of a source that was given up", async () => {
  await storeFindings(app.store, [silence({ version: 3, last_seen: now - 2 * DAY_MS })]);
  expect(await sourceTrouble(app.store, now)).toEqual(new Map());
});
