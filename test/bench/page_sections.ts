import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../schemas/package_root.ts";

/** A page of measurements has several authors: a report above, and sections of others below it between marks. None erases another's. */
type Page = "bench" | "quality";

const SECTIONS = /\n<!-- (\w+) -->\n[\s\S]*?\n<!-- \/\1 -->\n/g;

/** writeReport puts the report at the beginning of docs/<page>.md; what others wrote below stays. */
export const writeReport = (page: Page, report: string): void => write(page, withReport(read(page), report));

/** writeSection puts a section below the report, in the place where it stood. */
export const writeSection = (page: Page, name: string, section: string): void =>
  write(page, withSection(read(page), name, section));

export const withReport = (text: string, report: string): string => report + (text.match(SECTIONS) ?? []).join("");

export function withSection(text: string, name: string, section: string): string {
  const fresh = `\n<!-- ${name} -->\n\n${section.trim()}\n\n<!-- /${name} -->\n`;
  const old = (text.match(SECTIONS) ?? []).find((s) => s.startsWith(`\n<!-- ${name} -->\n`));
  return old === undefined ? text + fresh : text.replace(old, () => fresh);
}

/** madeWhere says in two lines when, on what and of which commit the numbers are. */
export const madeWhere =
  (): string => `- Date: ${new Date().toISOString().slice(0, 10)}; commit ${commit()}; Node ${process.versions.node}
- Machine: ${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}; load average of the last minute ${loadavg()[0]!.toFixed(1)}, this work included`;

const commit = (): string =>
  existsSync(join(packageRoot, ".git"))
    ? execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: packageRoot, encoding: "utf8" }).trim()
    : "unknown";

const pathOf = (page: Page): string => join(packageRoot, "docs", `${page}.md`);
const read = (page: Page): string => (existsSync(pathOf(page)) ? readFileSync(pathOf(page), "utf8") : "");
const write = (page: Page, text: string): void => writeFileSync(pathOf(page), text);
