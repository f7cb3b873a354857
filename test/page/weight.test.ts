import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../schemas/package_root.ts";
import { buildPage } from "./browser.ts";
import { pageWeight } from "./weight.ts";

beforeAll(buildPage, 60_000);

test("the whole page is under 250 KB as it travels", () => {
  expect(pageWeight().reduce((n, f) => n + f.gzip, 0)).toBeLessThan(250_000);
});

test("its files name no other host", () => {
  const [script] = pageWeight().filter((f) => f.file.endsWith(".js"));
  expect(script).toBeDefined();
  const html = readFileSync(join(packageRoot, "dist", "page", "index.html"), "utf8");
  expect(html.match(/(?:src|href)="([^"]+)"/g)?.every((a) => /="\/assets\//.test(a))).toBe(true);
  expect(html).not.toMatch(/<script(?![^>]* src=)|style=|<style/);
});
