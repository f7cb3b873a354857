/// <reference lib="dom" />
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { addInventory } from "../../cli/inventory_store.ts";
import { createBackend } from "../../cli/web/backend.ts";
import { createExposition } from "../../dashboard/metrics.ts";
import { createServer } from "../../dashboard/server.ts";
import { type ApiActivity, apiActivity } from "../../schemas/activity.ts";
import { openTestApp, tempFolder, until } from "../support.ts";
import { buildPage, chromiumPath, launch, openPage, withoutChromium } from "./browser.ts";

const evil = (where: string): string =>
  `<img src=x onerror="window.pwned='${where}'"><script>window.pwned='${where}'</script>"'\`javascript:${where}`;

/** Every field of an event that is free text says something hostile; the others are what the schema lets them be. */
function hostileEvent(now: number): ApiActivity {
  const event: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(apiActivity.shape)) {
    const takes = (value: unknown) => field.safeParse(value).success;
    event[name] = takes(evil(name))
      ? evil(name)
      : takes([evil(name)])
        ? [evil(name)]
        : takes(null)
          ? null
          : takes(1)
            ? 1
            : undefined;
  }
  return {
    ...(event as ApiActivity),
    time: now,
    ingested_at: now,
    key_type: "long_lived",
    session_kind: "none",
    principal_type: "service",
    verb_class: "write",
    outcome: "success",
    src_kind: "ip",
  };
}

describe.skipIf(chromiumPath === null)(`markup in everything${chromiumPath ? "" : ` (${withoutChromium})`}`, () => {
  let app: App;
  let server: ReturnType<typeof createServer>;
  let browser: Browser;
  let base: string;
  let uid: string;
  const now = Date.now();
  const event = hostileEvent(now);

  beforeAll(async () => {
    await buildPage();
    const folder = tempFolder();
    // A file name holds no slash; the rest of the markup is allowed in it.
    const drop = join(folder, evil("source").replaceAll("/", ""));
    mkdirSync(drop);
    app = await openTestApp(folder, {
      sources: [{ kind: "folder", path: drop, provider: evil("source_provider") }],
    });
    const owner = evil("owner");
    const key = { name: evil("name"), provider: event.provider, principal: event.principal_uid, owner };
    const declared = {
      ...key,
      environment: evil("environment"),
      access: "read",
      scopes: [evil("scope")],
      tags: [evil("tag")],
    };
    const unused = { ...key, name: evil("unused"), principal: evil("nobody") };
    const inventory = { keys: [declared, unused], owners: { [owner]: { email: evil("email") } } };
    await addInventory(app.store, inventory, 0, app.parts.fingerprint);
    await app.reloadInventory();
    await app.take({ events: [event], letters: [], dropped: new Map(), records: 1 });
    await until("the incident", async () => (await app.alerter.list()).length > 0);
    uid = (await app.alerter.list())[0]!.uid;
    const said = {
      incident_uid: uid,
      actor: evil("actor"),
      at: now,
      assignee: null,
      verdict: null,
      note: evil("note"),
    };
    await app.alerter.command({ ...said, id: "1", kind: "comment" });
    await app.alerter.command({ ...said, id: "2", kind: "assign", assignee: evil("assignee") });
    await app.alerter.silence({
      ...{ kind: "silence_add", id: "3", actor: evil("author"), at: now, reason: evil("reason") },
      ...{ matchers: [`owner="${evil("matcher").replaceAll('"', "'")}"`], starts_at: now, ends_at: now + 3_600_000 },
    });
    const backend = createBackend(app, { exposition: createExposition(), faults: async () => [] });
    server = createServer(app.config.http, backend, (error) => console.error(error));
    base = await server.listen({ host: "127.0.0.1", port: 0 });
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await app?.close();
  });

  test("the event carries it in every field that is text", () => {
    const texts = Object.values(event)
      .flat()
      .filter((v) => typeof v === "string" && v.includes("<script>"));
    expect(texts.length).toBeGreaterThanOrEqual(28);
  });

  test("shows as text in every view, runs nowhere, and asks nobody for a picture", async () => {
    const { page, faults, context } = await openPage(browser, base);
    page.setDefaultTimeout(15_000);
    const views: [path: string, wanted: string[]][] = [
      ["/", ["name"]],
      ["/incidents", ["name", "assignee"]],
      [`/incidents/${uid}`, ["name", "operation", "note", "actor", "owner", "environment", "principal"]],
      ["/keys", ["name", "owner", "unused", "key_hint"]],
      [`/key?id=${encodeURIComponent(event.subject_uid)}`, ["name", "as_org", "operation", "principal_uid"]],
      [`/key?id=${encodeURIComponent(evil("unused"))}`, ["unused"]],
      ["/events", ["operation", "user_agent", "resources"]],
      [`/events?q=${encodeURIComponent(evil("q"))}&key=${encodeURIComponent(evil("key"))}`, []],
      ["/sources", ["source_provider", "provider"]],
      ["/silences", ["author", "reason", "matcher"]],
      ["/audit", ["actor", "note"]],
      [`/incidents/${encodeURIComponent(evil("id").replaceAll("/", ""))}`, []],
    ];
    for (const [path, wanted] of views) {
      await page.goto(path);
      await page.locator("main").waitFor();
      await page.waitForTimeout(700);
      for (const button of await page.locator("table.events button").all()) await button.click();
      await page.waitForTimeout(300);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      const seen = await page.evaluate(() => ({
        pwned: "pwned" in window,
        made: document.querySelectorAll("main img, main script, [onerror], a[href^='javascript']").length,
        text: document.body.textContent ?? "",
      }));
      expect([path, seen.pwned, seen.made]).toEqual([path, false, 0]);
      for (const field of wanted)
        expect([path, field, seen.text.includes(`window.pwned='${field}'`)]).toEqual([path, field, true]);
    }
    // A search for nonsense and an incident that is none are refused, and the console says so of its own accord.
    expect(faults.filter((f) => !/status of (400|404|409|414)/.test(f))).toEqual([]);
    await context.close();
  }, 120_000);

  test("the title of the tab and what is announced are text too", async () => {
    const { page, context } = await openPage(browser, base);
    await page.goto(`/incidents/${uid}`);
    await page.locator("h1").waitFor();
    expect(await page.title()).toContain("<img src=x");
    await context.close();
  });
});
