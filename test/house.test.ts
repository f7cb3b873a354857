import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogue } from "../detect/catalogue.ts";
import { packageRoot } from "../schemas/package_root.ts";

/** What each folder may import besides itself; DESIGN.md, section 2. */
const MAY: Record<string, string[]> = {
  schemas: [],
  ingest: ["schemas"],
  detect: ["schemas"],
  alert: ["schemas"],
  dashboard: ["schemas"],
  cli: ["schemas", "ingest", "detect", "alert", "dashboard"],
};

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(packageRoot, path)).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

describe("the house", () => {
  for (const [folder, allowed] of Object.entries(MAY)) {
    test(`${folder}/ imports ${["itself", ...allowed].join(", ")} and nothing else of ours`, () => {
      const strays = sources(folder).flatMap((file) =>
        [...readFileSync(join(packageRoot, file), "utf8").matchAll(/from "(\.[^"]+)"|import\("(\.[^"]+)"\)/g)]
          .map((m) => relative(packageRoot, resolve(packageRoot, dirname(file), m[1] ?? m[2]!)).split("/")[0]!)
          .filter((target) => target !== folder && !allowed.includes(target))
          .map((target) => `${file} -> ${target}`),
      );
      expect(strays).toEqual([]);
    });
  }

  test("no source file is longer than 350 lines", () => {
    const long = ["main.ts", ...Object.keys(MAY).flatMap(sources)]
      .map((file) => [file, readFileSync(join(packageRoot, file), "utf8").split("\n").length] as const)
      .filter(([file, lines]) => lines > 350 && !file.includes("sensitivity_aws") && !file.includes("aws_actions"));
    expect(long).toEqual([]);
  });
});

describe("every detection", () => {
  const files = ["policy", "baseline"].flatMap((f) =>
    readdirSync(join(packageRoot, "detect", f)).map((n) => n.replace(".ts", "")),
  );

  test("stands in the catalogue under the name of its file", () => {
    expect(catalogue.map((d) => d.id).sort()).toEqual(files.sort());
  });

  test.each(catalogue.map((d) => [d.id, d] as const))(
    "%s tells what to do, what it needs and when it is wrong",
    (_, d) => {
      expect(d.runbook.length).toBeGreaterThan(0);
      expect(d.falsePositives.length).toBeGreaterThan(0);
      expect(d.needs.length).toBeGreaterThan(0);
      expect(d.tags.every((t) => t.startsWith("attack."))).toBe(true);
      expect(d.weight).toBeGreaterThan(0);
      expect(d.weight).toBeLessThanOrEqual(1);
    },
  );
});
