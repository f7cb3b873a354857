import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_TOKEN, openWeb, READ_TOKEN, type Web, withTokens, write } from "../dashboard/support.ts";
import { until } from "../support.ts";
import { buildPage, chromiumPath, launch, openPage, violations, withoutChromium } from "./browser.ts";

describe.skipIf(chromiumPath === null)(`the door of the page${chromiumPath ? "" : ` (${withoutChromium})`}`, () => {
  let web: Web;
  let browser: Browser;
  /** The browser itself reports each refused request. */
  const REFUSED = /status of 401/;

  beforeAll(async () => {
    await buildPage();
    web = await openWeb(withTokens);
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await web?.close();
  });

  test("with tokens, it asks for one, keeps it nowhere, and signs out", async () => {
    const { page, context, faults } = await openPage(browser, web.base, {}, REFUSED);
    page.setDefaultTimeout(15_000);
    await page.goto("/keys");
    await page.getByRole("heading", { name: "keywatch" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel("Token").fill("wrong-token-0123456789");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("This is no token of this keywatch.").waitFor();
    await page.getByLabel("Token").fill(ADMIN_TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
    const kept = await page.evaluate(
      "JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href])",
    );
    expect(kept).not.toContain(ADMIN_TOKEN);
    const [cookie, ...more] = await context.cookies();
    expect(more).toEqual([]);
    expect(cookie).toMatchObject({ name: "keywatch_session", httpOnly: true, sameSite: "Strict" });
    expect(kept).not.toContain(cookie!.value);
    await page.reload();
    await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Sign out ann" }).click();
    await page.getByLabel("Token").waitFor();
    expect(await context.cookies()).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  test("an empty store says what to do next; what arrives shows by itself, and a reader may only read", async () => {
    const { page, context, faults } = await openPage(browser, web.base, {}, REFUSED);
    page.setDefaultTimeout(15_000);
    await page.goto("/");
    await page.getByLabel("Token").fill(READ_TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    for (const step of ["Connect a source", "Import the inventory", "Test a channel"])
      await page.getByRole("heading", { name: step }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.locator(".live.on").waitFor();
    await web.push([write()]);
    await page.locator(".rows .row").first().waitFor();
    await page.locator(".news a").waitFor();
    await until("the end of the first steps", async () => (await page.getByText("First steps").count()) === 0);
    await page.locator(".rows a").first().click();
    await page.getByText("This token may read.").waitFor();
    expect(await page.getByRole("button", { name: "Acknowledge" }).count()).toBe(0);
    expect(faults).toEqual([]);
    await context.close();
  });
});
