import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { corpusRecords } from "../bench/corpus_records.ts";
import { keywatch, tempFolder } from "../support.ts";

const folder = tempFolder();
const small = join(folder, "small");
mkdirSync(small);

/** A disk that is soon full: a tmpfs, which only root may mount. */
const mounted = ((): boolean => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", small], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write("Skipped: mounting a small disk needs root.\n");
    return false;
  }
})();
afterAll(() => {
  if (mounted) execFileSync("umount", [small], { stdio: "ignore" });
});

test.skipIf(!mounted)(
  "a full disk is a clear sentence, and nothing is lost or doubled once there is room",
  async () => {
    const logs = join(folder, "logs");
    mkdirSync(logs);
    const records = [...corpusRecords(40_000, 5)].map((r) => r.text);
    for (let i = 0; i < 4; i++)
      writeFileSync(join(logs, `${i}.json`), `{"Records":[${records.slice(i * 10_000, (i + 1) * 10_000).join(",")}]}`);
    const full = await keywatch(["--data", join(small, "data"), "ingest", logs]);
    expect([full.code, full.stderr]).toEqual([
      1,
      expect.stringContaining("The disk is full: the rows were not stored and not acknowledged. Free some space"),
    ]);
    execFileSync("mount", ["-o", "remount,size=512m", small]);
    expect((await keywatch(["--data", join(small, "data"), "ingest", logs])).code).toBe(0);
    const count = await keywatch([
      "--data",
      join(small, "data"),
      "sql",
      "select count() as n, uniqExact(event_uid) as u from events final",
      "--format",
      "json",
    ]);
    expect(JSON.parse(count.stdout)).toEqual({ n: 40_000, u: 40_000 });
  },
  120_000,
);
