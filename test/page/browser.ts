import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { packageRoot } from "../../schemas/package_root.ts";
import { until } from "../until.ts";

/** chromiumPath is the system's own browser; null where there is none. `.ci/run` installs it. */
export const chromiumPath: string | null = (() => {
  for (const name of [process.env.KEYWATCH_CHROMIUM, "chromium", "chromium-browser", "google-chrome"]) {
    if (!name) continue;
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      // The next one.
    }
  }
  return null;
})();

export const withoutChromium = "no Chromium here: apt-get install chromium, or set KEYWATCH_CHROMIUM";

const PAGE = join(packageRoot, "dashboard", "page");
const BUILT = join(packageRoot, "dist", "page", "index.html");
const LOCK = join(packageRoot, "dist", ".page-is-built");

/** buildPage makes dist/page from the sources that are tested, where it is older than they; one test file at a time. */
export async function buildPage(): Promise<void> {
  if (isFresh()) return;
  mkdirSync(join(packageRoot, "dist"), { recursive: true });
  try {
    mkdirSync(LOCK);
  } catch {
    await until("another test file to build the page", () => !existsSync(LOCK));
    return buildPage();
  }
  try {
    const vite = join(packageRoot, "node_modules", "vite", "bin", "vite.js");
    execFileSync(process.execPath, [vite, "build", PAGE], {
      env: { ...process.env, NODE_ENV: "production" },
      stdio: "pipe",
    });
  } finally {
    rmdirSync(LOCK);
  }
}

function isFresh(): boolean {
  const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const files = readdirSync(PAGE, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.every((f) => statSync(join(f.parentPath, f.name)).mtimeMs < built);
}

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

/** Watched is a page with all that must never happen on it. */
export interface Watched {
  page: Page;
  context: BrowserContext;
  /** What the console complained about, and what went to another host. */
  faults: string[];
}

/** openPage opens a tab in a fresh context, and listens. Faults that a test provokes are named by `expected`. */
export async function openPage(
  browser: Browser,
  base: string,
  options: Parameters<Browser["newContext"]>[0] = {},
  expected: RegExp = /^$/,
): Promise<Watched> {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const fault = (text: string) => void (expected.test(text) || faults.push(text));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") fault(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => fault(`error: ${error.message}`));
  page.on("dialog", (dialog) => fault(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(base).host) fault(`request to ${request.url()}`);
  });
  return { page, context, faults };
}

const axe = readFileSync(join(packageRoot, "node_modules", "axe-core", "axe.min.js"), "utf8");

/** violations are what axe-core finds that hinders people: of serious or critical impact. News that fades in is there at once for it. */
export async function violations(page: Page): Promise<string[]> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  // Through the debugger, for the page's own policy lets no foreign script in.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const { result } = await session.send("Runtime.evaluate", {
    expression: `axe.run(document, { resultTypes: ["violations"] }).then((r) => JSON.stringify(r.violations
      .filter((v) => v.impact === "serious" || v.impact === "critical")
      .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html + " " + n.failureSummary).join(" | "))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(String(result.value)) as string[];
}
