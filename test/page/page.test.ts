/// <reference lib="dom" />
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keywatch, until } from "../support.ts";
import { buildPage, chromiumPath, launch, openPage, violations, type Watched, withoutChromium } from "./browser.ts";

/** KEYWATCH_SCREENSHOTS=docs/images writes the pictures of the README again. */
const SHOTS = process.env.KEYWATCH_SCREENSHOTS;

const port = 20_000 + (process.pid % 20_000);
const base = `http://127.0.0.1:${port}`;
let demo: ReturnType<typeof keywatch>;
let browser: Browser;
let tab: Watched;
let page: Page;

const incidents = async () =>
  ((await (await fetch(`${base}/v1/incidents`)).json()) as { incidents: { uid: string; detections: string[] }[] })
    .incidents;

async function shot(name: string, of: Page = page): Promise<void> {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await of.screenshot({ path: join(resolve(SHOTS), `${name}.png`) });
}

const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name });

describe.skipIf(chromiumPath === null)(`the page in Chromium${chromiumPath ? "" : ` (${withoutChromium})`}`, () => {
  beforeAll(async () => {
    await buildPage();
    let said = "";
    demo = keywatch(["demo", "--listen", `127.0.0.1:${port}`], {
      onOutput: (text) => {
        said = text;
      },
    });
    await until("the demo", () => said.includes("demo is at"), 240_000);
    browser = await launch();
    tab = await openPage(browser, base, { colorScheme: "light" });
    page = tab.page;
    page.setDefaultTimeout(40_000);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    demo?.child.kill("SIGTERM");
    await demo;
  }, 60_000);

  test("opens within a second on loopback, and the fleet's history is there at once", async () => {
    await page.goto("/");
    await heading("Overview").waitFor();
    let paint = Number.POSITIVE_INFINITY;
    // The best of a few: other work on the machine is not the page's.
    for (let i = 0; i < 5 && paint >= 1_000; i++) {
      if (i > 0) await page.reload();
      await heading("Overview").waitFor();
      const entry = () =>
        performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.POSITIVE_INFINITY;
      paint = Math.min(paint, await page.evaluate(entry));
    }
    console.log(`first paint ${Math.round(paint)} ms`);
    expect(paint).toBeLessThan(1_000);
    const events = await page.locator(".tile", { hasText: "events" }).locator("strong").getAttribute("title");
    expect(Number(events?.replaceAll(",", ""))).toBeGreaterThan(10_000);
    await page.getByRole("img", { name: /Calls over time/ }).waitFor();
  });

  test("a new incident arrives by itself, without a reload", async () => {
    await page.evaluate(() => Object.assign(window, { notReloaded: true }));
    await page.locator(".news a").first().waitFor({ timeout: 60_000 });
    await page.locator(".rows .row").first().waitFor();
    expect(await page.evaluate(() => "notReloaded" in window)).toBe(true);
    expect(await page.locator(".live.on").count()).toBe(1);
    await until("all attacks", async () => (await incidents()).length >= 6, 200_000);
  }, 300_000);

  test("the overview has no serious fault for people who hear it or use keys", async () => {
    await page.goto("/");
    await page.locator(".rows .row").first().waitFor();
    await page
      .getByText(/Feeds \d+ of \d+ detections/)
      .first()
      .waitFor();
    await page.waitForTimeout(500);
    expect(await violations(page)).toEqual([]);
    // Without the note of the newest incident, which lies over the rest for some seconds.
    if (SHOTS) await page.locator(".news a").waitFor({ state: "detached", timeout: 60_000 });
    await shot("overview");
  });

  test("the list filters, and the filter stands in the address", async () => {
    await page.getByRole("link", { name: "Incidents", exact: true }).click();
    await heading("Incidents").waitFor();
    await page.locator(".rows .row").first().waitFor();
    await page.locator(".rows .sev-medium").first().waitFor();
    await page.getByLabel("At least").selectOption("high");
    await page.waitForURL(/min_severity=high/);
    await expect.poll(() => page.locator(".rows .sev-medium").count()).toBe(0);
    expect(await page.locator(".rows .row").count()).toBeGreaterThan(0);
    await page.getByLabel("Search").fill("nobody-has-this-name");
    await page.keyboard.press("Enter");
    await page.getByText("No incident fits.").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goBack();
  });

  test("an incident explains itself in words and pictures", async () => {
    const [off] = (await incidents()).filter((i) => i.detections.includes("new_source"));
    await page.goto(`/incidents/${off!.uid}`);
    await page.getByRole("img", { name: /Calls around the incident/ }).waitFor();
    await page.getByRole("img", { name: /Hours of the week/ }).waitFor();
    expect(await page.locator(".heat-mark").count()).toBeGreaterThan(0);
    expect(await page.locator(".band-mean").count()).toBe(1);
    expect(await page.locator(".ladder .chip-new").count()).toBeGreaterThan(0);
    for (const name of ["Why", "Do now", "Findings", "Events behind it", "What became of it"])
      await page.getByRole("region", { name, exact: true }).waitFor();
    await page.locator("table.events button").first().click();
    await page.getByText("The record, redacted").click();
    await page.getByText('"eventSource"').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.locator("table.events button").first().click();
    await page.evaluate(() => scrollTo(0, 0));
    await shot("incident");
  });

  test("acknowledge, assign, comment, silence, resolve with a verdict, reopen", async () => {
    await page.getByRole("button", { name: "Acknowledge" }).click();
    await page.locator(".headline .state", { hasText: "acknowledged" }).waitFor();
    await page.getByRole("button", { name: "Assign…" }).click();
    await page.getByLabel("Name or e-mail").fill("ann@example.com");
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await page.getByText("Assigned to ann@example.com").waitFor();
    await page.getByRole("button", { name: "Comment…" }).click();
    await page.getByRole("textbox", { name: "Comment" }).fill("Asked the owner.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".log", { hasText: "Asked the owner." }).waitFor();
    await page.getByRole("button", { name: "Silence…" }).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("textbox", { name: "Why" }).fill("we look at it");
    await page.getByRole("button", { name: "Silence", exact: true }).click();
    await page.getByText("Silenced.").waitFor();
    await page.getByRole("button", { name: "Resolve…" }).click();
    await shot("resolve");
    await page.getByLabel(/benign/).check();
    await page.getByLabel("Note").fill("it was me");
    await page.getByRole("button", { name: "Resolve", exact: true }).click();
    await page.locator(".headline .state", { hasText: "resolved: benign" }).waitFor();
    await page.getByRole("button", { name: "Reopen" }).click();
    await page.locator(".headline .state", { hasText: "reopened" }).waitFor();
    const log = await page.locator(".log strong").allTextContents();
    expect(log.slice(0, 5)).toEqual(["reopened", "resolved", "commented", "assigned", "acknowledged"]);
  });

  test("the silence stands in its list and can be ended", async () => {
    await page.getByRole("link", { name: "Silences" }).click();
    await page.getByText("we look at it").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "End it" }).click();
    await page.getByText("Nothing is silenced.").waitFor();
  });

  test("keys, and one key in words and pictures", async () => {
    await page.getByRole("link", { name: "Keys", exact: true }).click();
    await page.locator("table.keys tbody tr").first().waitFor();
    expect(await page.locator("table.keys tbody tr").count()).toBeGreaterThan(10);
    expect(await violations(page)).toEqual([]);
    await shot("keys");
    await page.locator("table.keys tbody a").first().click();
    await page.getByRole("img", { name: /Calls a day/ }).waitFor();
    await page.getByRole("img", { name: /Hours of the week/ }).waitFor();
    for (const name of ["About", "Where from", "Networks", "What it does", "What keywatch knows of it"])
      await page.getByRole("region", { name, exact: true }).waitFor();
    expect(await violations(page)).toEqual([]);
    await shot("key");
  });

  test("search over events, with the filters in the address", async () => {
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page.locator("table.events tbody tr").first().waitFor();
    await page.getByLabel("Outcome").selectOption("failed");
    await page.getByRole("combobox", { name: "Time" }).selectOption("7d");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/outcome=failed.*range=7d/);
    await page.locator("table.events tbody tr").first().waitFor();
    await expect
      .poll(async () => [...new Set(await page.locator(".outcome").allTextContents())])
      .not.toContain("success");
    expect(await violations(page)).toEqual([]);
    await shot("events");
    const address = page.url();
    await page.goto("/");
    await page.goto(address);
    expect(await page.getByLabel("Outcome").inputValue()).toBe("failed");
  });

  test("sources and the audit log", async () => {
    await page.getByRole("link", { name: "Sources", exact: true }).click();
    await page.getByText("AWS CloudTrail").waitFor();
    await page.getByText(/^country database: geoip-lite .* old, as it ships/).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "Audit log" }).click();
    await page.getByRole("cell", { name: "silenced" }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test("by the keyboard alone: to the content, through the list, into an incident and back", async () => {
    await page.goto("/incidents");
    await page.locator(".rows .row").first().waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.classList.contains("row-title"))) break;
    }
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/incidents\/[0-9a-f-]{36}/);
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("main");
    await page.goBack();
    await heading("Incidents").waitFor();
  });

  test("dark by the system's wish, light by one's own", async () => {
    const dark = await openPage(browser, base, { colorScheme: "dark" });
    const background = () => dark.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [off] = (await incidents()).filter((i) => i.detections.includes("new_source"));
    await dark.page.goto(`/incidents/${off!.uid}`);
    await dark.page.getByRole("img", { name: /Calls around the incident/ }).waitFor();
    expect(await background()).toBe("rgb(16, 22, 26)");
    expect(await violations(dark.page)).toEqual([]);
    await shot("incident-dark", dark.page);
    await dark.page.goto("/");
    await dark.page.locator(".rows .row").first().waitFor();
    await dark.page.waitForTimeout(500);
    expect(await violations(dark.page)).toEqual([]);
    await shot("overview-dark", dark.page);
    await dark.page.getByRole("button", { name: /Theme/ }).click();
    await expect.poll(background).toBe("rgb(245, 246, 244)");
    await dark.page.reload();
    await dark.page.locator(".rows .row").first().waitFor();
    await expect.poll(background).toBe("rgb(245, 246, 244)");
    expect(dark.faults).toEqual([]);
    await dark.context.close();
  });

  test("390 px wide, nothing is cut off", async () => {
    const phone = await openPage(browser, base, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
    const [one] = await incidents();
    for (const path of [
      "/",
      "/incidents",
      `/incidents/${one!.uid}`,
      "/keys",
      "/events",
      "/sources",
      "/silences",
      "/audit",
    ]) {
      await phone.page.goto(path);
      await phone.page.locator("h1").waitFor();
      await phone.page.waitForTimeout(400);
      expect([path, await phone.page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 390]);
      expect([path, await violations(phone.page)]).toEqual([path, []]);
      await shot(
        `phone${path === "/" ? "" : `-${path.split("/")[1]}${path.split("/").length > 2 ? "-one" : ""}`}`,
        phone.page,
      );
    }
    expect(phone.faults).toEqual([]);
    await phone.context.close();
  });

  test("in all that, no complaint of the console and no request to another host", () => expect(tab.faults).toEqual([]));
});
