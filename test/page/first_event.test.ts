import { expect, test } from "vitest";
import { openWeb, write } from "../dashboard/support.ts";
import { buildPage, chromiumPath, launch, openPage, withoutChromium } from "./browser.ts";

test.skipIf(chromiumPath === null)(
  `what arrives right after the page was opened shows by itself, the numbers too${chromiumPath ? "" : ` (${withoutChromium})`}`,
  async () => {
    await buildPage();
    const web = await openWeb();
    const browser = await launch();
    const { page, context, faults } = await openPage(browser, web.base);
    page.setDefaultTimeout(15_000);
    await page.goto("/");
    await page.locator(".live.on").waitFor();
    await web.push([write()]);
    await page.locator(".rows .row").first().waitFor();
    await page.locator(".tile", { hasText: "events" }).getByText("1", { exact: true }).waitFor();
    expect(await page.getByText("First steps").count()).toBe(0);
    expect(faults).toEqual([]);
    await context.close();
    await browser.close();
    await web.close();
  },
  120_000,
);
