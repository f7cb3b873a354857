/// <reference lib="dom" />
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../schemas/package_root.ts";
import { buildPage, chromiumPath, launch, openPage, withoutChromium } from "../page/browser.ts";
import { until } from "../until.ts";

const VISITS = 10;
const PORT = 20_000 + (process.pid % 20_000);

/** firstPaint opens the page of a `serve` on this data directory in a fresh browser profile each time, and prints when it showed something, and all. */
export async function firstPaint(path: string): Promise<void> {
  if (chromiumPath === null) return console.log(withoutChromium);
  await buildPage();
  const file = join(path, "keywatch.bench.yaml");
  const base = `http://127.0.0.1:${PORT}`;
  writeFileSync(file, JSON.stringify({ store: { path }, http: { listen: `127.0.0.1:${PORT}` } }));
  const server = spawn(process.execPath, [join(packageRoot, "main.ts"), "--config", file, "serve"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const browser = await launch();
  try {
    await until(
      "serve",
      () =>
        fetch(`${base}/readyz`).then(
          (r) => r.ok,
          () => false,
        ),
      120_000,
    );
    const visits: { paint: number; numbers: number; charts: number }[] = [];
    for (let i = 0; i < VISITS; i++) {
      const { page, context } = await openPage(browser, base);
      const now = (): Promise<number> => page.evaluate(() => performance.now());
      await page.goto("/");
      await page.locator(".tile strong").first().waitFor();
      const numbers = await now();
      await page.getByRole("img", { name: /Calls over time/ }).waitFor();
      const charts = await now();
      const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]!.startTime);
      visits.push({ paint, numbers, charts });
      await context.close();
    }
    for (const [name, of] of [
      ["first paint", "paint"],
      ["numbers there", "numbers"],
      ["charts there", "charts"],
    ] as const) {
      const times = visits.map((v) => v[of]);
      const rest = times.slice(1).sort((a, b) => a - b);
      console.log(
        `${name}: first visit ${Math.round(times[0]!)} ms, then median ${Math.round(rest[4]!)} ms, slowest ${Math.round(rest.at(-1)!)} ms`,
      );
    }
  } finally {
    await browser.close();
    server.kill("SIGTERM");
    await new Promise((resolve) => server.once("exit", resolve));
  }
}
